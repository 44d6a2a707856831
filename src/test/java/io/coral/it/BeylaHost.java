package io.coral.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// Starts agents with a stand-in for Beyla, a shell script that writes down its pid and sleeps.
final class BeylaHost {
  private BeylaHost() {}

  /// @param pids where the script writes
  /// @param reports port to which the child sends
  /// @param otlp port for applications, 0 = any
  /// @param settings of the section `agent`
  static CoralProcess agent(Path directory, Path pids, int reports, int otlp, String settings)
      throws IOException {
    Path script =
        Files.createFile(
            directory.resolve("beyla"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(script, "#!/bin/sh\necho $$ >> '" + pids + "'\nexec sleep 600\n");
    Path file =
        Files.writeString(
            directory.resolve("agent.yaml"),
            """
            agent: {%s}
            telemetry: {filters: {sample_rate: 0.0, always_capture_errors: false}}
            beyla:
              engine: beyla
              binary: %s
              otlp_endpoint: 127.0.0.1:%d
              discovery: {services: [{name: nobody, exe: no-such-executable}]}
            """
                .formatted(settings, script, reports));
    return CoralProcess.agent(
        directory.resolve("agent"),
        Host.freePort(),
        List.of("--config", file.toString(), "--otlp-grpc", "0", "--otlp-http", "" + otlp));
  }
}
