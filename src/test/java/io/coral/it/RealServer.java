package io.coral.it;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A server as the distribution ships it, with a directory and a loopback port of its own.
final class RealServer implements AutoCloseable {
  private static final long START_MILLIS = 120_000;
  private static final long STOP_SECONDS = 20;

  private final Process process;
  private final int port;
  private final Path directory;

  private RealServer(Process process, int port, Path directory) {
    this.process = process;
    this.port = port;
    this.directory = directory;
  }

  static RealServer redis(Path parent) throws IOException, InterruptedException {
    Path directory = Files.createDirectory(parent.resolve("redis"));
    int port = Host.freePort();
    return start(
        directory,
        port,
        Host.program("redis-server"),
        "--bind",
        "127.0.0.1",
        "--port",
        "" + port,
        "--save",
        "",
        "--dir",
        directory.toString());
  }

  /// A database `postgres` that the user of that name may use without a password.
  static RealServer postgres(Path parent) throws IOException, InterruptedException {
    String programs = postgresPrograms();
    Path directory = madeFor("postgres", parent.resolve("postgres"));
    Path data = directory.resolve("data");
    run(
        parent,
        asUser("postgres", programs + "/initdb", "-D", data.toString(), "-A", "trust", "-N"));
    int port = Host.freePort();
    return start(
        directory,
        port,
        asUser(
            "postgres",
            programs + "/postgres",
            "-D",
            data.toString(),
            "-p",
            "" + port,
            "-k",
            directory.toString(),
            "-F"));
  }

  /// Where Debian keeps the programs of PostgreSQL's newest version.
  static String postgresPrograms() throws IOException {
    Path versions = Path.of("/usr/lib/postgresql");
    if (Files.isDirectory(versions)) {
      try (Stream<Path> all = Files.list(versions)) {
        Path newest = all.max(Path::compareTo).orElse(versions).resolve("bin");
        if (Files.isExecutable(newest.resolve("initdb"))) {
          return newest.toString();
        }
      }
    }
    return Path.of(Host.program("initdb"), "..").normalize().toString();
  }

  /// `root` may connect without a password.
  static RealServer mariadb(Path parent) throws IOException, InterruptedException {
    String server = Host.program("mariadbd");
    String install = Host.program("mariadb-install-db");
    Path directory = madeFor("mysql", parent.resolve("mariadb"));
    run(
        parent,
        install,
        "--no-defaults",
        "--user=mysql",
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
        "--datadir=" + directory);
    int port = Host.freePort();
    return start(
        directory,
        port,
        server,
        "--no-defaults",
        "--user=mysql",
        "--datadir=" + directory,
        "--bind-address=127.0.0.1",
        "--port=" + port,
        "--socket=" + directory.resolve("socket"),
        "--pid-file=" + directory.resolve("pid"));
  }

  /// HTTP/2 without TLS; serves `/index.html`.
  static RealServer http2(Path parent) throws IOException, InterruptedException {
    Path directory = Files.createDirectory(parent.resolve("http2"));
    Files.writeString(directory.resolve("index.html"), "hello\n");
    int port = Host.freePort();
    return start(
        directory,
        port,
        Host.program("nghttpd"),
        "--no-tls",
        "-a",
        "127.0.0.1",
        "-d",
        directory.toString(),
        "" + port);
  }

  /// Knows `a.test`, and no other name below `test`.
  static RealServer dns(Path parent) throws IOException, InterruptedException {
    Path directory = Files.createDirectory(parent.resolve("dns"));
    int port = Host.freePort();
    return start(
        directory,
        port,
        Host.program("dnsmasq"),
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--port=" + port,
        "--no-resolv",
        "--no-hosts",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--local=/test/",
        "--address=/a.test/10.0.0.1");
  }

  private static Path madeFor(String user, Path directory)
      throws IOException, InterruptedException {
    Files.createDirectory(directory);
    run(parent(directory), "chown", user, directory.toString());
    // Whoever it belongs to has to get there.
    for (Path above = directory.getParent();
        above != null && above.startsWith(Path.of(System.getProperty("java.io.tmpdir", "/tmp")));
        above = above.getParent()) {
      if (above.getNameCount() > 1) {
        Files.setPosixFilePermissions(above, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
    }
    return directory;
  }

  private static Path parent(Path directory) {
    return Objects.requireNonNull(directory.getParent(), "parent");
  }

  private static void run(Path directory, String... command)
      throws IOException, InterruptedException {
    CoralProcess.Ended ended = CoralProcess.run(directory, List.of(command));
    if (ended.exitCode() != 0) {
      throw new IOException(String.join(" ", command) + ": " + ended.err());
    }
  }

  private static String[] asUser(String user, String... command) {
    List<String> all =
        new ArrayList<>(List.of(Host.program("setpriv"), "--reuid", user, "--clear-groups"));
    all.addAll(List.of(command));
    return all.toArray(String[]::new);
  }

  private static RealServer start(Path directory, int port, String... command)
      throws IOException, InterruptedException {
    Path log = directory.resolveSibling(directory.getFileName() + ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    RealServer server = new RealServer(process, port, directory);
    long end = System.nanoTime() + START_MILLIS * 1_000_000;
    while (!accepts(port)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        server.close();
        throw new IOException(command[0] + " does not start: " + Files.readString(log));
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    return server;
  }

  private static boolean accepts(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  int port() {
    return port;
  }

  /// Where its files are, and its socket if it has one.
  Path directory() {
    return directory;
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroy();
    process
        .onExit()
        .completeOnTimeout(process, STOP_SECONDS, TimeUnit.SECONDS)
        .thenAccept(Process::destroyForcibly)
        .join();
  }
}
