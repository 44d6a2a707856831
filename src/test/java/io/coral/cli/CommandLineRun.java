package io.coral.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/// One command and what it printed, at a fixed time.
record CommandLineRun(int exitCode, String out, String err) {
  static final Instant NOW = Instant.parse("2026-01-02T15:00:00Z");

  static CommandLineRun of(String... args) {
    return with(
        (role, options) -> {
          throw new StartFailure("cannot start", "the test has no server", "nothing", 1);
        },
        List::of,
        args);
  }

  static CommandLineRun with(Servers servers, DoctorProbe doctor, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exitCode =
        CoralCommand.execute(
            args,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            Map.of(),
            Clock.fixed(NOW, ZoneOffset.UTC),
            servers,
            doctor);
    return new CommandLineRun(
        exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }
}
