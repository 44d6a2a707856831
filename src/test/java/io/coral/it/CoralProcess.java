package io.coral.it;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// An agent or a colony: the packaged jar as a process, with the flags that the launcher gives but
/// for the second compiler: a test starts some hundred processes, none of which runs for long.
final class CoralProcess implements AutoCloseable {
  private static final Path JAR =
      Path.of(System.getProperty("coral.jar", "target/coral.jar")).toAbsolutePath();
  private static final Path NATIVE =
      Path.of(System.getProperty("coral.it.native", "target/it-native")).toAbsolutePath();
  private static final int TRAINING_SECONDS = 180;
  private static final List<String> CACHED = cached("it.aot", CoralProcess::bothRoles);
  private static final Duration READY = Duration.ofMinutes(2);
  private static final Duration STOPPED = Duration.ofSeconds(30);

  private final Process process;
  private final Path output;
  private final Api api;

  /// What a node of a cluster loads beyond that; made when there is one.
  private static final class Clustered {
    private static final List<String> CACHED = cached("it-cluster.aot", CoralProcess::node);
  }

  /// The arguments of a run in which a cache is made.
  private interface Training {
    /// @param directory for whatever it needs
    List<String> in(Path directory) throws IOException;
  }

  /// A command that ended.
  record Ended(int exitCode, String out, String err) {
    String all() {
      return "exit code " + exitCode + "\n" + out + err;
    }
  }

  private CoralProcess(Process process, Path output, Api api) {
    this.process = process;
    this.output = output;
    this.api = api;
  }

  /// The jar that is tested.
  static Path jar() {
    return JAR;
  }

  /// Where the jar's native parts are unpacked.
  static Path nativeDirectory() {
    return NATIVE;
  }

  /// Starts an agent on a port and waits until it serves. Its OTLP ports are any that are free.
  static CoralProcess agent(Path directory, int port, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("--otlp-grpc", "0", "--otlp-http", "0"));
    all.addAll(List.of(arguments));
    return agent(directory, port, all);
  }

  /// The same with OTLP ports as the arguments say.
  static CoralProcess agent(Path directory, int port, List<String> arguments) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "agent",
                "start",
                "--data",
                directory.toString(),
                "--agent-port",
                Integer.toString(port)));
    all.addAll(arguments);
    return start(directory, "agent", List.of(), new Api(port), all);
  }

  /// Starts an agent or a colony with exactly these arguments.
  ///
  /// @param wrapper in front of the command line, such as `nsenter`
  /// @param api where it is to be reached
  static CoralProcess wrapped(Path directory, List<String> wrapper, Api api, List<String> arguments)
      throws IOException {
    return start(directory, arguments.getFirst(), wrapper, api, arguments);
  }

  /// Starts a colony on a port and waits until it serves.
  static CoralProcess colony(Path directory, int port, String... arguments) throws IOException {
    List<String> all =
        new ArrayList<>(
            List.of(
                "colony",
                "start",
                "--data",
                directory.toString(),
                "--port",
                Integer.toString(port)));
    all.addAll(List.of(arguments));
    return start(directory, "colony", List.of(), new Api(port), all);
  }

  private static CoralProcess start(
      Path directory, String role, List<String> wrapper, Api api, List<String> arguments)
      throws IOException {
    Files.createDirectories(directory);
    Path output = directory.resolve(role + "-" + System.nanoTime() + ".log");
    List<String> command = new ArrayList<>(wrapper);
    command.addAll(command(List.of(), arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    CoralProcess coral = new CoralProcess(process, output, api);
    try {
      await(role + " serves")
          .atMost(READY)
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(50))
          .until(
              () -> {
                if (!process.isAlive()) {
                  throw new IllegalStateException(
                      "ended with " + process.exitValue() + ":\n" + coral.output());
                }
                return api.isHealthy();
              });
    } catch (RuntimeException e) {
      process.destroyForcibly();
      throw new IllegalStateException(role + " does not serve:\n" + coral.output(), e);
    }
    return coral;
  }

  /// Runs a command until it ends, at most 180 s.
  static Ended run(Path directory, List<String> javaOptions, String... arguments)
      throws IOException, InterruptedException {
    return run(directory, command(javaOptions, List.of(arguments)));
  }

  /// Runs any command line in the same way.
  static Ended run(Path directory, List<String> command) throws IOException, InterruptedException {
    Path out = Files.createTempFile(directory, "command", ".out");
    Path err = Files.createTempFile(directory, "command", ".err");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      if (!process.waitFor(180, TimeUnit.SECONDS)) {
        throw new IllegalStateException(
            String.join(" ", command) + " did not end:\n" + Files.readString(err));
      }
      return new Ended(process.exitValue(), Files.readString(out), Files.readString(err));
    } finally {
      process.destroyForcibly();
    }
  }

  /// The command line that the launcher makes of the arguments.
  static List<String> command(List<String> javaOptions, List<String> arguments) {
    return command(NATIVE, JAR, javaOptions, arguments);
  }

  /// The same with other places for the jar and its native parts.
  static List<String> command(
      Path nativeDirectory, Path jar, List<String> javaOptions, List<String> arguments) {
    List<String> command = new ArrayList<>(java(nativeDirectory));
    if (jar.equals(JAR)) {
      command.addAll(arguments.contains("--cluster") ? Clustered.CACHED : CACHED);
    }
    command.addAll(javaOptions);
    command.add("-jar");
    command.add(jar.toString());
    command.addAll(arguments);
    return command;
  }

  private static List<String> java(Path nativeDirectory) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xms8m",
        "-Xmx120m",
        "-Xss512k",
        "-XX:+UseCompactObjectHeaders",
        "-XX:-UsePerfData",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-Dstdout.encoding=UTF-8",
        "-Dstderr.encoding=UTF-8",
        "-Dcoral.native.dir=" + nativeDirectory,
        "-Djava.library.path=" + nativeDirectory);
  }

  /// What every start would load and link anew: half of the time that the tests take. Without it
  /// they work, too.
  private static List<String> cached(String name, Training training) {
    Path cache = Path.of("target", name).toAbsolutePath();
    try {
      if (!Files.exists(cache)
          || Files.getLastModifiedTime(cache).compareTo(Files.getLastModifiedTime(JAR)) < 0) {
        Files.deleteIfExists(cache);
        train(cache, training);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Files.exists(cache)
        ? List.of("-XX:AOTCache=" + cache, "-XX:AOTMode=auto", "-Xlog:aot=off", "-Xlog:cds=off")
        : List.of();
  }

  private static List<String> bothRoles(Path directory) {
    return List.of(
        "up", "--port", "0", "--agent-port", "0", "--otlp-grpc", "0", "--otlp-http", "0");
  }

  private static List<String> node(Path directory) throws IOException {
    int port = Host.freePort();
    Path config =
        Files.writeString(
            directory.resolve("node.yaml"),
            "cluster: {name: training-%d, node: n, port: %d, members: ['127.0.0.1:%d']}\n"
                .formatted(System.nanoTime(), port, port));
    return List.of("colony", "start", "--cluster", "--port", "0", "--config", config.toString());
  }

  private static void train(Path cache, Training training)
      throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory("coral-train");
    Path output = directory.resolve("output");
    List<String> command = new ArrayList<>(java(NATIVE));
    command.add("-XX:AOTCacheOutput=" + cache);
    command.addAll(List.of("-jar", JAR.toString()));
    command.addAll(training.in(directory));
    command.addAll(List.of("--data", directory.resolve("data").toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(TRAINING_SECONDS);
    while (process.isAlive()
        && System.nanoTime() < end
        && !Files.readString(output).contains("Ctrl-C")) {
      TimeUnit.MILLISECONDS.sleep(100);
    }
    process.destroy();
    if (!process.waitFor(TRAINING_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }

  /// What it answers.
  Api api() {
    return api;
  }

  long pid() {
    return process.pid();
  }

  /// What it printed so far.
  String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// SIGKILL; returns when the process is gone.
  void kill() throws InterruptedException {
    process.destroyForcibly();
    awaitEnd();
  }

  /// SIGTERM; returns when the process has ended in order.
  void stop() throws InterruptedException {
    process.destroy();
    awaitEnd();
  }

  private void awaitEnd() throws InterruptedException {
    if (!process.waitFor(STOPPED.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("process " + process.pid() + " does not end:\n" + output());
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
