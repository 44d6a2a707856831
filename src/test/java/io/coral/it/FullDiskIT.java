package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.coral.otlp.SpanPayloads;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent whose disk is full refuses what it cannot keep, so that it is sent again, answers
/// questions, and goes on by itself when there is room again.
final class FullDiskIT {
  private static final int SPANS = 500;
  private static final int MOST_PAYLOADS = 400;
  private static final int OK = 200;
  private static final int UNAVAILABLE = 503;
  private static final int TOO_MANY = 429;

  @TempDir Path directory;
  private Path disk;

  @BeforeEach
  void mount() throws Exception {
    Host.requireRoot();
    disk = Files.createDirectory(directory.resolve("disk"));
    run("mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk.toString());
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", "--lazy", disk.toString());
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
  }

  /// The status, 0 when there was no answer in time.
  private static int post(int port, byte[] payload) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://127.0.0.1:" + port + "/v1/traces").toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", "application/x-protobuf");
    connection.setDoOutput(true);
    try (var out = connection.getOutputStream()) {
      out.write(payload);
    }
    return connection.getResponseCode();
  }

  private static String read(int port, String path) throws IOException {
    try (var in = URI.create("http://127.0.0.1:" + port + path).toURL().openStream()) {
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  @Test
  void fullDisk_losesNothingThatWasTaken() throws Exception {
    int port = Host.freePort();
    int otlp = Host.freePort();
    Path config =
        Files.writeString(
            directory.resolve("agent.yaml"), "telemetry:\n  filters:\n    sample_rate: 1.0\n");
    SpanPayloads payloads = new SpanPayloads(5);
    int taken = 0;
    try (CoralProcess agent =
        CoralProcess.agent(
            disk.resolve("agent"),
            port,
            List.of("--config", config.toString(), "--otlp-grpc", "0", "--otlp-http", "" + otlp))) {
      int status = OK;
      byte[] refused = {};
      for (int i = 0; i < MOST_PAYLOADS && status == OK; i++) {
        refused = payloads.payload(SPANS, System.currentTimeMillis() * 1_000_000).toByteArray();
        status = post(otlp, refused);
        taken += status == OK ? 1 : 0;
      }
      assertThat(status).as("payload %d: %s", taken, agent.output()).isIn(UNAVAILABLE, TOO_MANY);
      assertThat(taken).isGreaterThan(10);
      assertThat(read(port, "/api/services")).contains("checkout");
      assertThat(agent.output()).contains("No space left on device");

      run("mount", "-o", "remount,size=400m", disk.toString());
      byte[] again = refused;
      await("it takes what it refused")
          .atMost(Duration.ofSeconds(20))
          .until(() -> post(otlp, again) == OK);
      taken++;
      assertThat(post(otlp, again)).isEqualTo(OK);
      try (Snapshot snapshot = Snapshot.of(agent, directory)) {
        assertThat(snapshot.number("SELECT count(*) FROM otel_spans"))
            .isEqualTo((long) SPANS * taken);
        assertThat(snapshot.number("SELECT count(DISTINCT span_id) FROM otel_spans"))
            .isEqualTo((long) SPANS * taken);
      }
    }
  }
}
