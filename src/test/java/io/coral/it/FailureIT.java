package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import io.coral.it.CoralProcess.Ended;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What can go wrong is said in three lines with the right exit code, and what is left serves on.
final class FailureIT {
  private static final int FAILURE = 1;
  private static final int USAGE = 2;
  private static final int NO_DATA = 3;
  private static final int UNREACHABLE = 4;
  private static final int PARTIAL = 5;
  private static final int PERMISSION = 6;

  // All three heads of a database: what begins like this cannot be mended.
  private static final int DAMAGED_BYTES = 12_288;
  private static final Duration COUNTED = Duration.ofSeconds(100);

  /// The user `nobody` of Debian.
  private static final int NOBODY = 65534;

  @TempDir Path directory;

  @Test
  void config_unknownKey_isNamedWithItsPlaceAndTheNearestKey() throws Exception {
    Path file = directory.resolve("agent.yaml");
    Files.writeString(file, "agent:\n  port: 9001\n  flush_intervall: 5s\n");
    Ended ended = agentStart("--config", file.toString());
    assertThreeLines(ended, USAGE);
    assertThat(ended.err())
        .contains("agent.yaml:3:3: unknown key agent.flush_intervall")
        .contains("did you mean flush_interval?");
  }

  @Test
  void config_wrongType_isNamedWithItsPlaceAndWhatIsExpected() throws Exception {
    Path file = directory.resolve("colony.yaml");
    Files.writeString(file, "colony:\n  port: many\n");
    Ended ended =
        CoralProcess.run(
            directory,
            List.of(),
            "colony",
            "start",
            "--data",
            directory.toString(),
            "--config",
            file.toString());
    assertThreeLines(ended, USAGE);
    assertThat(ended.err())
        .contains("colony.yaml:2:9: colony.port: \"many\"")
        .contains("expected: a whole number from 0 to 65535");
  }

  @Test
  void start_portInUse_saysWhichAndHowToChooseAnother() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      for (String flag : List.of("--agent-port", "--otlp-grpc")) {
        List<String> arguments = new ArrayList<>();
        for (String each : List.of("--agent-port", "--otlp-grpc", "--otlp-http")) {
          arguments.add(each);
          arguments.add(each.equals(flag) ? Integer.toString(taken.getLocalPort()) : "0");
        }
        Ended ended =
            CoralProcess.run(
                directory,
                List.of(),
                Stream.concat(
                        Stream.of("agent", "start", "--data", directory.toString()),
                        arguments.stream())
                    .toArray(String[]::new));
        assertThreeLines(ended, FAILURE);
        assertThat(ended.err())
            .contains("a port cannot be opened")
            .contains(Integer.toString(taken.getLocalPort()))
            .contains(flag);
      }
    }
  }

  @Test
  void start_notRoot_endsWithPermissionAndAdviceWhenItMustObserve() throws Exception {
    Host.requireRoot();
    String setpriv = Host.program("setpriv");
    // Another user can read neither the build directory of every checkout nor a test's own.
    Path home = Files.createDirectory(directory.resolve("home"));
    Path jar = Files.copy(CoralProcess.jar(), directory.resolve("coral.jar"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(jar, PosixFilePermissions.fromString("r--r--r--"));
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
    List<String> command =
        new ArrayList<>(
            List.of(
                setpriv,
                "--reuid=" + NOBODY,
                "--regid=" + NOBODY,
                "--clear-groups",
                "env",
                "HOME=" + home));
    command.addAll(
        CoralProcess.command(
            home.resolve("native"),
            jar,
            List.of(),
            List.of(
                "agent",
                "start",
                "--data",
                home.resolve("data").toString(),
                "--agent-port",
                "0",
                "--otlp-grpc",
                "0",
                "--otlp-http",
                "0",
                "--observe",
                "pid:" + ProcessHandle.current().pid())));
    Ended ended = CoralProcess.run(directory, command);
    assertThreeLines(ended, PERMISSION);
    assertThat(ended.err()).contains("nothing can be observed").contains("root");
  }

  @Test
  void start_noBtf_endsWithTheReason() throws Exception {
    Host.requireCapture();
    List<String> options = List.of("-Dcoral.kernel.btf=/nonexistent");
    Ended ended =
        CoralProcess.run(
            directory,
            options,
            "agent",
            "start",
            "--data",
            directory.toString(),
            "--agent-port",
            "0",
            "--otlp-grpc",
            "0",
            "--otlp-http",
            "0",
            "--observe",
            "pid:" + ProcessHandle.current().pid());
    assertThreeLines(ended, FAILURE);
    assertThat(ended.err()).contains("btf").contains("/nonexistent");

    Ended doctor = CoralProcess.run(directory, options, "doctor");
    assertThat(doctor.exitCode()).isNotZero();
    assertThat(doctor.out()).contains("/nonexistent").contains("CONFIG_DEBUG_INFO_BTF");
  }

  @Test
  void query_unknownService_saysWhichAreKnown() throws Exception {
    try (CoralProcess colony = CoralProcess.colony(directory, Host.freePort())) {
      Ended ended =
          CoralProcess.run(
              directory, List.of(), "query", "beyla", "http", "shopp", "--colony", url(colony));
      assertThreeLines(ended, NO_DATA);
      assertThat(ended.err()).contains("shopp").contains("no agent has registered");
    }
  }

  @Test
  void query_unreachableColony_saysHowToStartOne() throws Exception {
    String url = "http://127.0.0.1:" + Host.freePort();
    Ended ended =
        CoralProcess.run(directory, List.of(), "query", "beyla", "http", "shop", "--colony", url);
    assertThreeLines(ended, UNREACHABLE);
    assertThat(ended.err()).contains("cannot reach the colony at " + url).contains("coral up");
  }

  @Test
  void agent_databaseDamaged_keepsTheFileServesOnAndStatesTheLoss() throws Exception {
    Path file = directory.resolve("agent").resolve("metrics.duckdb");
    int port = Host.freePort();
    try (CoralProcess agent = CoralProcess.agent(directory, port)) {
      agent.stop();
    }
    damage(file);
    byte[] damaged = Files.readAllBytes(file);
    try (CoralProcess agent = CoralProcess.agent(directory, port)) {
      List<Path> kept = files(directory.resolve("agent"), "metrics.duckdb.damaged-");
      assertThat(kept).hasSize(1);
      assertThat(Files.readAllBytes(kept.getFirst())).isEqualTo(damaged);
      String name = String.valueOf(kept.getFirst().getFileName());
      assertThat(agent.output()).contains("lost: ").contains(name);

      Ended status =
          CoralProcess.run(directory, List.of(), "agent", "status", "--agent", url(agent));
      assertThat(status.exitCode()).as(status.all()).isZero();
      assertThat(status.out()).contains("damaged").contains(name);
      JsonObject answer = agent.api().agent("QueryHttp", new JsonObject());
      assertThat(Api.texts(answer.getAsJsonObject("completeness"), "gaps"))
          .anyMatch(gap -> gap.contains(name));
    }
  }

  @Test
  void colony_dayDamaged_keepsTheFileServesOnAndPullsAgain() throws Exception {
    Host.requireCapture();
    Path agentFile = directory.resolve("agent.yaml");
    Path colonyFile = directory.resolve("colony.yaml");
    Files.writeString(agentFile, "agent:\n  flush_interval: 1s\n");
    Files.writeString(colonyFile, "colony:\n  poll_interval: 1s\n");
    Map<String, Long> expected = CountingTraffic.expected();
    int colonyPort = Host.freePort();
    String[] colonyArguments = {"--config", colonyFile.toString()};
    try (Backend backend = Backend.start(Backend.Kind.NGINX, directory);
        CoralProcess first = CoralProcess.colony(directory, colonyPort, colonyArguments);
        CoralProcess _ =
            CoralProcess.agent(
                directory,
                Host.freePort(),
                Stream.concat(
                        Stream.of(backend.observedAs("shop")),
                        Stream.of(
                            "--config",
                            agentFile.toString(),
                            "--colony",
                            "127.0.0.1:" + colonyPort))
                    .toArray(String[]::new));
        RawClient connection = new RawClient(backend.port())) {
      CountingTraffic.send(List.of(connection));
      awaitCounted(first, expected);
      long traces = CountingTraffic.REQUESTS;
      await("all spans are there")
          .atMost(COUNTED)
          .untilAsserted(() -> assertThat(traces(first)).isEqualTo(traces));
      first.stop();

      Path history = directory.resolve("colony");
      List<Path> days = files(history, "http_metrics-");
      assertThat(days).hasSize(1);
      damage(days.getFirst());
      try (CoralProcess second = CoralProcess.colony(directory, colonyPort, colonyArguments)) {
        List<Path> kept = files(history, days.getFirst().getFileName() + ".damaged-");
        assertThat(kept).hasSize(1);
        String name = String.valueOf(kept.getFirst().getFileName());
        assertThat(traces(second)).as("spans, whose file is sound").isEqualTo(traces);
        awaitCounted(second, expected);

        Ended query =
            CoralProcess.run(
                directory, List.of(), "query", "beyla", "http", "shop", "--colony", url(second));
        assertThat(query.exitCode()).as(query.all()).isEqualTo(PARTIAL);
        assertThat(query.out()).contains(name).contains("pulled again");
        Ended status =
            CoralProcess.run(directory, List.of(), "colony", "status", "--colony", url(second));
        assertThat(status.out()).contains(name);
      }
    }
  }

  private Ended agentStart(String... arguments) throws IOException, InterruptedException {
    return CoralProcess.run(
        directory,
        List.of(),
        Stream.concat(
                Stream.of("agent", "start", "--data", directory.toString()), Stream.of(arguments))
            .toArray(String[]::new));
  }

  /// What failed, why, what to do next; a log line of the agent may stand before them.
  private static void assertThreeLines(Ended ended, int exitCode) {
    assertThat(ended.exitCode()).as(ended.all()).isEqualTo(exitCode);
    List<String> lines = ended.err().lines().toList();
    List<String> last = lines.subList(Math.max(0, lines.size() - 3), lines.size());
    assertThat(last).hasSize(3);
    assertThat(last.get(0)).startsWith("coral: ");
    assertThat(last.get(1)).startsWith("  why:  ");
    assertThat(last.get(2)).startsWith("  next: ");
    assertThat(ended.err()).doesNotContain("\tat ");
  }

  private static void awaitCounted(CoralProcess colony, Map<String, Long> expected) {
    await("the colony has counted")
        .atMost(COUNTED)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(250))
        .untilAsserted(() -> assertThat(colony.api().served("colony", "shop")).isEqualTo(expected));
  }

  private long traces(CoralProcess colony) throws Exception {
    try (Snapshot snapshot = Snapshot.of(colony, directory)) {
      return snapshot.number("SELECT count(*) FROM traces_rows");
    }
  }

  /// Overwrites the headers.
  private static void damage(Path file) throws IOException {
    byte[] garbage = new byte[DAMAGED_BYTES];
    for (int i = 0; i < garbage.length; i++) {
      garbage[i] = (byte) (i * 31 + 7);
    }
    try (RandomAccessFile database = new RandomAccessFile(file.toFile(), "rw")) {
      assertThat(database.length()).isGreaterThanOrEqualTo(DAMAGED_BYTES);
      database.write(garbage);
    }
  }

  private static List<Path> files(Path directory, String prefix) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .filter(file -> !file.toString().endsWith(".wal"))
          .toList();
    }
  }

  private static String url(CoralProcess process) {
    return "http://127.0.0.1:" + process.api().port();
  }
}
