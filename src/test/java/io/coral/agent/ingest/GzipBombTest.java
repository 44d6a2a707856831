package io.coral.agent.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// Input 15 against a process with the heap of an agent.
final class GzipBombTest {
  private static final List<String> CONTENT_TYPES =
      List.of("application/x-protobuf", "application/json");

  @Test
  void bombs_sixteenAtOnce_leaveAProcessOf112MiBAlive() throws Exception {
    byte[] bomb = OtlpRequests.bomb();
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx120m",
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                SmallReceiver.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = process.inputReader();
        var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      int port = Integer.parseInt(out.readLine());
      List<Callable<Integer>> attacks = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        String headers =
            "content-encoding: gzip\r\ncontent-type: " + CONTENT_TYPES.get(i % 2) + "\r\n";
        attacks.add(() -> RawHttp.post(port, "/v1/traces", headers, bomb).status());
      }
      for (int round = 0; round < 3; round++) {
        for (var each : executor.invokeAll(attacks)) {
          assertThat(each.get()).isEqualTo(413);
        }
      }
      assertThat(
              RawHttp.post(
                      port,
                      "/v1/traces",
                      "content-type: application/x-protobuf\r\n",
                      OtlpRequests.good())
                  .status())
          .isEqualTo(200);
      assertThat(process.isAlive()).isTrue();
    } finally {
      process.destroy();
      process.waitFor(10, TimeUnit.SECONDS);
    }
  }
}
