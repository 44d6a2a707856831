package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
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

  private static String read(int port, String path) throws IOException {
    try (var in = URI.create("http://127.0.0.1:" + port + path).toURL().openStream()) {
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  @Test
  void fullDisk_losesNothingThatWasTaken() throws Exception {
    fillsAndGoesOn(
        "storage:\n  disk: {cleanup_percent: 100, refuse_percent: 100}\n",
        "No space left on device");
  }

  /// It stops before writing fails. So small a disk fills by more than a few percent between two
  /// looks at it.
  @Test
  void almostFullDisk_losesNothingThatWasTaken() throws Exception {
    run("mount", "-o", "remount,size=32m", disk.toString());
    fillsAndGoesOn(
        "storage:\n  disk: {cleanup_percent: 40, refuse_percent: 40}\n",
        "full: nothing is stored until there is room");
  }

  private void fillsAndGoesOn(String sections, String told) throws Exception {
    int port = Host.freePort();
    int otlp = Host.freePort();
    SpanPayloads payloads = new SpanPayloads(5);
    int taken = 0;
    try (CoralProcess agent = Otlp.agent(disk, port, 0, otlp, 0, sections)) {
      int status = OK;
      ExportTraceServiceRequest refused = ExportTraceServiceRequest.getDefaultInstance();
      for (int i = 0; i < MOST_PAYLOADS && status == OK; i++) {
        refused = payloads.payload(SPANS, System.currentTimeMillis() * 1_000_000);
        status = Otlp.sendSpans(otlp, refused);
        taken += status == OK ? 1 : 0;
      }
      assertThat(status).as("payload %d: %s", taken, agent.output()).isIn(UNAVAILABLE, TOO_MANY);
      assertThat(taken).isGreaterThan(10);
      assertThat(read(port, "/api/services")).contains("checkout");
      assertThat(agent.output()).contains(told);

      run("mount", "-o", "remount,size=400m", disk.toString());
      ExportTraceServiceRequest again = refused;
      await("it takes what it refused")
          .atMost(Duration.ofSeconds(100))
          .until(() -> Otlp.sendSpans(otlp, again) == OK);
      taken++;
      assertThat(Otlp.sendSpans(otlp, again)).isEqualTo(OK);
      try (Snapshot snapshot = snapshot(agent)) {
        long rows = snapshot.number("SELECT count(*) FROM otel_spans");
        assertThat(snapshot.number("SELECT count(DISTINCT span_id) FROM otel_spans"))
            .isEqualTo(rows);
        if (read(port, "/metrics").contains("coral_storage_dropped_early_total 0")) {
          assertThat(rows).isEqualTo((long) SPANS * taken);
        } else {
          // Ten minutes of the clock ended meanwhile: what came in them was dropped, and counted.
          assertThat(rows).isLessThan((long) SPANS * taken);
        }
      }
    }
  }

  /// A copy is refused while others need the memory that it takes.
  private Snapshot snapshot(CoralProcess agent) throws Exception {
    for (int attempt = 1; attempt < 8; attempt++) {
      try {
        return Snapshot.of(agent, directory);
      } catch (IOException e) {
        TimeUnit.SECONDS.sleep(2);
      }
    }
    return Snapshot.of(agent, directory);
  }
}
