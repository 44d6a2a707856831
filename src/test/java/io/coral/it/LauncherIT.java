package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a first start makes for those that follow: a checkout with a jar and nothing else.
final class LauncherIT {
  @TempDir Path checkout;

  @Test
  void firstStart_trainsCaches_withWhichAColonyStarts() throws Exception {
    for (String each : List.of("pom.xml", "src", "conf", "bench")) {
      Files.createSymbolicLink(checkout.resolve(each), Path.of(each).toAbsolutePath());
    }
    Files.copy(Path.of("coral"), checkout.resolve("coral"));
    Path target = Files.createDirectory(checkout.resolve("target"));
    Files.copy(CoralProcess.jar(), target.resolve("coral.jar"));
    Path output = checkout.resolve("output");
    ProcessBuilder command =
        new ProcessBuilder(
                "bash",
                checkout.resolve("coral").toString(),
                "colony",
                "start",
                "--port",
                "" + Host.freePort(),
                "--data",
                checkout.resolve("data").toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    command.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = command.start();
    try {
      Awaitility.await()
          .atMost(Duration.ofMinutes(8))
          .until(
              () ->
                  !process.isAlive()
                      || Files.readString(output, StandardCharsets.UTF_8).contains("Ctrl-C"));
      assertThat(process.isAlive()).as(Files.readString(output)).isTrue();
      assertThat(target.resolve("coral.aot")).isNotEmptyFile();
      assertThat(target.resolve("colony.aot")).isNotEmptyFile();
      // A JVM that cannot use its cache starts without, or not at all.
      assertThat(Files.readString(Path.of("/proc", "" + process.pid(), "maps")))
          .contains("colony.aot");
    } finally {
      process.destroy();
      process.waitFor(30, TimeUnit.SECONDS);
      process.destroyForcibly();
    }
  }
}
