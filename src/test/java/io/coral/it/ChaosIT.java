package io.coral.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A few of the faults of `./coral chaos`, the same ones each time: no span is lost or comes twice,
/// and no answer that lacks one says that it is complete.
final class ChaosIT {
  private static final int FAULTS = 6;
  private static final int AGENTS = 4;
  private static final int SEED = 4;

  /// Beyond what it takes when every fault heals in the last moment that is allowed.
  private static final int MOST_MINUTES = 15;

  /// How long a machine of usual speed counts.
  private static final double COUNT_SECONDS = 0.25;

  /// How many times as long it may take; here seven processes have to keep up with the clock.
  private static final double MOST_SLOWNESS = 4;

  /// Within how many times as long all has to be whole again after a fault.
  private static final int PATIENCE = 2;

  /// What the command exits with where it cannot make namespaces.
  private static final int CANNOT_RUN = 77;

  @TempDir Path directory;

  @Test
  void someFaults_loseNothing_andWhatAnswersLackIsSaid() throws Exception {
    Host.requireRoot();
    for (String needed : List.of("python3", "ip", "tc", "nft", "nsenter", "mount")) {
      Host.program(needed);
    }
    try (Stream<Path> libraries = Files.list(Path.of("/usr/lib"))) {
      if (libraries.noneMatch(each -> Files.exists(each.resolve("faketime/libfaketimeMT.so.1")))) {
        abort("libfaketime is not installed");
      }
    }
    double slowness = countSeconds() / COUNT_SECONDS;
    if (slowness > MOST_SLOWNESS) {
      abort("this machine is %.1f times as slow as it may be".formatted(slowness / MOST_SLOWNESS));
    }
    Path output = directory.resolve("chaos.log");
    ProcessBuilder command =
        new ProcessBuilder(
                List.of(
                    Path.of("coral").toAbsolutePath().toString(),
                    "chaos",
                    "--seed",
                    "" + SEED,
                    "--faults",
                    "" + FAULTS,
                    "--agents",
                    "" + AGENTS,
                    "--patience",
                    "" + PATIENCE))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    command.environment().put("CORAL", launcher().toString());
    Process process = command.start();
    try {
      assertThat(process.waitFor(MOST_MINUTES, TimeUnit.MINUTES)).as(() -> read(output)).isTrue();
    } finally {
      // In order, so that its logs stay; all that it started ends with it.
      process.destroy();
      process.waitFor(10, TimeUnit.SECONDS);
      process.destroyForcibly();
    }
    if (process.exitValue() == CANNOT_RUN) {
      abort(read(output));
    }
    assertThat(process.exitValue()).as(() -> read(output)).isZero();
    assertThat(read(output)).contains("silent_holes=0", "lost_spans=0", "missing_spans=0");
  }

  private static double countSeconds() throws Exception {
    Process process =
        new ProcessBuilder(
                "python3",
                "-c",
                "import time\nx = 0\nfor i in range(5_000_000): x += i\nprint(time.process_time())")
            .start();
    String seconds = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    process.waitFor();
    return Double.parseDouble(seconds);
  }

  /// Starts the jar that is tested, with another clock where it is told to.
  private Path launcher() throws IOException {
    Path launcher = directory.resolve("coral");
    Files.writeString(
        launcher,
        "#!/bin/sh\nexport LD_PRELOAD=\"$CORAL_PRELOAD\"\nexec '"
            + String.join("' '", CoralProcess.command(List.of(), List.of()))
            + "' \"$@\"\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    return launcher;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
