package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent with a stand-in for Beyla, a shell script that writes down its pid and sleeps.
final class BeylaIT {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @TempDir Path directory;

  @BeforeEach
  void needsRoot() {
    Host.requireRoot();
  }

  private CoralProcess agent(Path pids) throws IOException {
    Path script =
        Files.createFile(
            directory.resolve("beyla"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(script, "#!/bin/sh\necho $$ >> '" + pids + "'\nexec sleep 600\n");
    Path file =
        Files.writeString(
            directory.resolve("agent.yaml"),
            """
            agent: {colony: ''}
            beyla:
              engine: beyla
              binary: %s
              otlp_endpoint: 127.0.0.1:%d
              discovery: {services: [{name: nobody, exe: no-such-executable}]}
            """
                .formatted(script, Host.freePort()));
    return CoralProcess.agent(directory, Host.freePort(), "--config", file.toString());
  }

  private static long pid(Path pids) throws IOException {
    await().atMost(PATIENCE).until(() -> Files.exists(pids) && Files.size(pids) > 1);
    return Long.parseLong(Files.readAllLines(pids).getFirst());
  }

  private static boolean alive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }

  @Test
  void status_whileBeylaObserves_namesBothCollectors() throws Exception {
    Path pids = directory.resolve("pids");
    try (CoralProcess agent = agent(pids)) {
      long pid = pid(pids);
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                JsonObject status = agent.api().agent("GetStatus", new JsonObject());
                List<JsonObject> collectors = Api.objects(status, "collectors");
                assertThat(collectors)
                    .extracting(each -> Api.text(each, "name") + " " + Api.text(each, "state"))
                    .containsExactly("http off", "beyla ok");
                assertThat(Api.text(collectors.getFirst(), "reason")).isEqualTo("Beyla observes");
              });
      agent.stop();
      assertThat(alive(pid)).isFalse();
      assertThat(directory.resolve("beyla")).exists();
      assertThat(agent.output())
          .contains("audit event=started pid=" + pid)
          .contains("protocols=http,grpc,sql,kafka,redis")
          .contains("audit event=stopped pid=" + pid);
    }
  }

  @Test
  void agentThatIsKilled_leavesNoChild() throws Exception {
    Path pids = directory.resolve("pids");
    try (CoralProcess agent = agent(pids)) {
      long pid = pid(pids);
      assertThat(alive(pid)).isTrue();
      agent.kill();
      await().atMost(PATIENCE).until(() -> !alive(pid));
    }
  }
}
