package io.coral.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class LauncherTest {
  private static final Path LAUNCHER = Path.of("coral");

  @Test
  void launcher_isExecutableBashWithoutSyntaxErrors() throws Exception {
    assertThat(Files.isExecutable(LAUNCHER)).isTrue();
    Process check =
        new ProcessBuilder("bash", "-n", LAUNCHER.toString()).redirectErrorStream(true).start();
    String output = new String(check.getInputStream().readAllBytes(), UTF_8);
    assertThat(check.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(output).isEmpty();
    assertThat(check.exitValue()).isZero();
  }
}
