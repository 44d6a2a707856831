package io.coral.agent.beyla;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.coral.config.AgentConfig;
import io.coral.config.BeylaConfig;
import io.coral.model.ObserveRule;
import io.coral.telemetry.Figures;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A shell script stands in for Beyla: it writes its pid, arguments and environment, then does what
/// the test wants.
final class BeylaSupervisorVerticleTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final ChildLoop.Timing FAST =
      new ChildLoop.Timing(
          Duration.ofMillis(50),
          Duration.ofMillis(400),
          Duration.ofMinutes(5),
          Duration.ofMillis(100),
          Duration.ofMillis(300),
          Duration.ofMillis(500));

  @TempDir Path directory;

  private final Vertx vertx = Vertx.vertx();
  private final Figures figures = new Figures();
  private final List<ObserveRule> rules =
      new CopyOnWriteArrayList<>(List.of(ObserveRule.parse("shop=:8080")));

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    for (String pid : pids()) {
      await().atMost(PATIENCE).until(() -> !alive(pid));
    }
  }

  private Path script(String behaviour) throws IOException {
    Path script =
        Files.createFile(
            directory.resolve("stand-in"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(
        script,
        "#!/bin/sh\n"
            + ("echo \"$@\" > '" + directory.resolve("arguments") + "'\n")
            + ("env > '" + directory.resolve("environment") + "'\n")
            + ("echo $$ >> '" + directory.resolve("pids") + "'\n")
            + behaviour
            + "\n");
    return script;
  }

  private BeylaSupervisorVerticle deploy(String behaviour) throws Exception {
    Path script = script(behaviour);
    BeylaConfig config =
        AgentConfig.parse("a", "beyla: {engine: beyla, attributes: {zone: a}}").beyla();
    BeylaSupervisorVerticle supervisor =
        new BeylaSupervisorVerticle(
            config,
            new EngineChoice(EngineChoice.Observer.BEYLA, ""),
            new BeylaBinary(script.toString(), ""),
            directory.resolve("agent"),
            new BeylaSupervisorVerticle.Selection(
                () -> List.copyOf(rules), List::of, () -> List.of(9001)),
            Map.of("SECRET", "of the agent", "KUBERNETES_SERVICE_HOST", "10.0.0.1"),
            figures,
            FAST);
    vertx
        .deployVerticle(supervisor)
        .toCompletionStage()
        .toCompletableFuture()
        .get(60, TimeUnit.SECONDS);
    return supervisor;
  }

  private List<String> pids() throws IOException {
    Path file = directory.resolve("pids");
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  private static boolean alive(String pid) {
    return ProcessHandle.of(Long.parseLong(pid)).map(ProcessHandle::isAlive).orElse(false);
  }

  private void awaitStarts(int count) {
    await().atMost(PATIENCE).until(() -> pids().size() >= count);
  }

  @Test
  void child_isStartedWithItsFileAndACleanEnvironment() throws Exception {
    BeylaSupervisorVerticle supervisor = deploy("exec sleep 600");
    await().atMost(PATIENCE).until(() -> supervisor.state().state().equals("ok"));
    Path config = directory.resolve("agent/beyla/config.yaml");
    assertThat(Files.readString(directory.resolve("arguments")))
        .isEqualTo("-config " + config + "\n");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config)))
        .isEqualTo("rw-------");
    assertThat(Files.readString(config)).contains("open_ports: '8080'").contains("name: shop");
    assertThat(Files.readString(directory.resolve("environment")))
        .contains("OTEL_RESOURCE_ATTRIBUTES=zone=a\n")
        .contains("KUBERNETES_SERVICE_HOST=10.0.0.1\n")
        .doesNotContain("SECRET")
        .doesNotContain("JAVA_HOME");
  }

  @Test
  void crash_isFollowedByStartsFurtherAndFurtherApart_andIsTold() throws Exception {
    BeylaSupervisorVerticle supervisor = deploy("echo no kprobes here; exit 3");
    awaitStarts(3);
    await().atMost(PATIENCE).until(() -> supervisor.state().reason().contains("times in a row"));
    assertThat(supervisor.state().state()).isEqualTo("failed");
    assertThat(supervisor.state().reason())
        .contains("exited with code 3")
        .contains("started again after");
    await().atMost(PATIENCE).until(() -> supervisor.state().reason().contains("no kprobes here"));
    assertThat(figures.all().get("coral_beyla_starts_total")).isGreaterThanOrEqualTo(3);
  }

  @Test
  void sameConfiguration_doesNotRestartTheChild() throws Exception {
    deploy("exec sleep 600");
    awaitStarts(1);
    Thread.sleep(1500);
    assertThat(pids()).hasSize(1);
  }

  @Test
  void changedConfiguration_restartsTheChildOnce() throws Exception {
    deploy("exec sleep 600");
    awaitStarts(1);
    rules.add(ObserveRule.parse("orders=:9090"));
    rules.add(ObserveRule.parse("stock=:9091"));
    awaitStarts(2);
    Thread.sleep(800);
    assertThat(pids()).hasSize(2);
    assertThat(alive(pids().getFirst())).isFalse();
    assertThat(Files.readString(directory.resolve("agent/beyla/config.yaml")))
        .contains("name: orders")
        .contains("name: stock");
  }

  @Test
  void noRule_runsNoChild() throws Exception {
    rules.clear();
    BeylaSupervisorVerticle supervisor = deploy("exec sleep 600");
    await().atMost(PATIENCE).until(() -> supervisor.state().state().equals("off"));
    assertThat(supervisor.state().reason()).isEqualTo("no rule selects a process");
    assertThat(pids()).isEmpty();
    rules.add(ObserveRule.parse(":1"));
    awaitStarts(1);
  }

  @Test
  void stop_endsAChildThatIgnoresSigterm_andDeletesOnlyOwnFiles() throws Exception {
    deploy("trap '' TERM; while :; do sleep 0.1; done");
    awaitStarts(1);
    Path other = Files.writeString(directory.resolve("agent/beyla/other"), "mine");
    for (String id : vertx.deploymentIDs()) {
      vertx.undeploy(id).toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
    assertThat(alive(pids().getFirst())).isFalse();
    assertThat(directory.resolve("agent/beyla")).isDirectoryContaining(other::equals);
    assertThat(directory.resolve("agent/beyla/config.yaml")).doesNotExist();
    assertThat(directory.resolve("agent/beyla/child")).doesNotExist();
    assertThat(directory.resolve("stand-in")).exists();
  }

  @Test
  void childOfAKilledAgent_isEndedAtTheNextStart() throws Exception {
    Process orphan = new ProcessBuilder("sleep", "600").start();
    try {
      Path file = Files.createDirectories(directory.resolve("agent/beyla")).resolve("child");
      new ChildRecord(file, Path.of("/proc")).write(orphan.pid());
      deploy("exec sleep 600");
      assertThat(orphan.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      orphan.destroyForcibly();
    }
  }

  @Test
  void anotherProcessWithTheRecordedPid_isLeftAlone() throws Exception {
    Process other = new ProcessBuilder("sleep", "600").start();
    try {
      Path file = Files.createDirectories(directory.resolve("agent/beyla")).resolve("child");
      Files.writeString(file, other.pid() + " 1 another-boot\n");
      deploy("exec sleep 600");
      awaitStarts(1);
      assertThat(other.isAlive()).isTrue();
    } finally {
      other.destroyForcibly();
    }
  }
}
