package io.coral.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A service of a chain, as a process: it answers `/LETTER/NUMBER` after it has called the next
/// service with the same number.
final class ChainService implements AutoCloseable {
  /// What it is made of.
  enum Kind {
    PYTHON,
    /// Instrumented with the OpenTelemetry SDK: it sends a `traceparent`.
    PYTHON_SDK,
    NODE,
    JAVA,
    JAVA_VIRTUAL,
    NGINX,
    NGINX_POOL,
    GO,
    GO_FAN_OUT
  }

  /// Calls that one request of [Kind#GO_FAN_OUT] causes; the i-th has the number 10 n + i.
  static final int FAN_OUT = 5;

  private final char letter;
  private final String address;
  private final Process process;
  private final boolean childrenServe;

  private ChainService(char letter, String address, Process process, boolean childrenServe) {
    this.letter = letter;
    this.address = address;
    this.process = process;
    this.childrenServe = childrenServe;
  }

  /// Starts one.
  ///
  /// @param wrapper in front of the command line, such as `ip netns exec`
  /// @param address HOST:PORT to serve on
  /// @param next the address of the next letter's service as seen from here, empty = the last one
  static ChainService start(
      Kind kind, char letter, Path directory, List<String> wrapper, String address, String next)
      throws IOException, InterruptedException {
    Path itsDirectory = Files.createDirectories(directory.resolve("chain-" + letter));
    List<String> arguments = new ArrayList<>(List.of(String.valueOf(letter), address));
    if (kind == Kind.GO || kind == Kind.GO_FAN_OUT) {
      arguments.add(kind == Kind.GO ? "1" : String.valueOf(FAN_OUT));
    }
    if (!next.isEmpty()) {
      arguments.addAll(List.of(String.valueOf((char) (letter + 1)), next));
    }
    List<String> command = new ArrayList<>(wrapper);
    switch (kind) {
      case PYTHON -> {
        command.add(Host.program("python3"));
        command.add(resource("chain.py", itsDirectory).toString());
        command.addAll(arguments);
      }
      case PYTHON_SDK -> {
        command.add(Host.program("python3"));
        command.add(resource("chain_otel.py", itsDirectory).toString());
        command.addAll(arguments);
      }
      case NODE -> {
        command.add(Host.program("node"));
        command.add(resource("chain.js", itsDirectory).toString());
        command.addAll(arguments);
      }
      case JAVA, JAVA_VIRTUAL -> {
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add(resource("Chain.java", itsDirectory).toString());
        command.addAll(arguments);
        if (kind == Kind.JAVA_VIRTUAL) {
          command.add("virtual");
        }
      }
      case GO, GO_FAN_OUT -> {
        command.add(goProgram(directory, itsDirectory).toString());
        command.addAll(arguments);
      }
      case NGINX, NGINX_POOL -> command.addAll(nginx(kind, letter, itsDirectory, address, next));
    }
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(itsDirectory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(itsDirectory.resolve("output.log").toFile());
    if (kind == Kind.PYTHON_SDK) {
      builder.environment().put("PYTHONPATH", Host.pythonPackages("opentelemetry").toString());
    }
    Process process = builder.start();
    boolean children = kind == Kind.NGINX || kind == Kind.NGINX_POOL;
    return new ChainService(letter, address, process, children);
  }

  /// Waits until it serves; where it can be reached from here.
  ChainService awaited() {
    await("service on " + address)
        .atMost(Duration.ofSeconds(100))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> accepts() && !pids().isEmpty());
    return this;
  }

  private boolean accepts() {
    int colon = address.lastIndexOf(':');
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(
              address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
          1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static Path resource(String name, Path directory) throws IOException {
    Path file = directory.resolve(name);
    try (InputStream in = ChainService.class.getResourceAsStream("/chain/" + name)) {
      if (in == null) {
        throw new IOException("chain/" + name + " is not among the resources");
      }
      Files.copy(in, file);
    }
    return file;
  }

  private static Path goProgram(Path shared, Path directory)
      throws IOException, InterruptedException {
    Path program = shared.resolve("chain-go");
    if (Files.exists(program)) {
      return program;
    }
    String go = Host.program("go");
    resource("chain.go", directory);
    Files.writeString(directory.resolve("go.mod"), "module chain\n\ngo 1.22\n");
    Path log = directory.resolve("build.log");
    ProcessBuilder build =
        new ProcessBuilder(go, "build", "-o", program.toString(), ".")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    build.environment().put("GOPROXY", "off");
    build.environment().put("GOTOOLCHAIN", "local");
    build.environment().put("CGO_ENABLED", "0");
    Process compiler = build.start();
    if (!compiler.waitFor(180, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
      compiler.destroyForcibly();
      throw new IOException("go build: " + Files.readString(log));
    }
    return program;
  }

  private static List<String> nginx(
      Kind kind, char letter, Path directory, String address, String next) throws IOException {
    boolean pool = kind == Kind.NGINX_POOL;
    String location =
        next.isEmpty()
            ? "return 200 \"ok\\n\";"
            : "proxy_pass http://next/"
                + (char) (letter + 1)
                + "/;"
                + (pool ? " proxy_http_version 1.1; proxy_set_header Connection \"\";" : "");
    String upstream =
        next.isEmpty()
            ? ""
            : "upstream next { server " + next + ";" + (pool ? " keepalive 16;" : "") + " }";
    Path config = directory.resolve("nginx.conf");
    Files.writeString(
        config,
        """
        user root;
        daemon off;
        worker_processes 1;
        pid DIR/nginx.pid;
        error_log DIR/error.log;
        events { worker_connections 1024; }
        http {
          access_log off;
          keepalive_requests 100000;
          client_body_temp_path DIR/body;
          proxy_temp_path DIR/proxy;
          fastcgi_temp_path DIR/fastcgi;
          uwsgi_temp_path DIR/uwsgi;
          scgi_temp_path DIR/scgi;
          UPSTREAM
          server {
            listen ADDRESS;
            location /LETTER/ { LOCATION }
          }
        }
        """
            .replace("DIR", directory.toString())
            .replace("UPSTREAM", upstream)
            .replace("ADDRESS", address)
            .replace("LETTER", String.valueOf(letter))
            .replace("LOCATION", location));
    return List.of(Host.program("nginx"), "-e", directory + "/error.log", "-c", config.toString());
  }

  char letter() {
    return letter;
  }

  String address() {
    return address;
  }

  /// The processes that serve.
  List<Long> pids() {
    return childrenServe ? Host.children(process) : List.of(process.pid());
  }

  /// Arguments that make an agent observe it under its letter.
  List<String> observed() {
    return pids().stream()
        .flatMap(pid -> List.of("--observe", letter + "=pid:" + pid).stream())
        .toList();
  }

  @Override
  public void close() {
    List<Long> children = Host.children(process);
    process.destroyForcibly();
    for (long child : children) {
      ProcessHandle.of(child).ifPresent(ProcessHandle::destroyForcibly);
    }
  }
}
