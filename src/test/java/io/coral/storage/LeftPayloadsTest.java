package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.bus.PayloadRows;
import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.coral.model.StreamSchema;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanPayloads;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of payloads that were taken when the process ends before their rows are stored.
final class LeftPayloadsTest {
  private static final int SPANS = 100;

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);
  private final SpanPayloads source = new SpanPayloads(3);
  private int copies;
  private AgentStore store;

  private static List<ColumnBatch> rows(Payload payload) {
    try {
      return List.of(
          new SpanDecoder(new SteppingClock(AgentStoreTest.NOON))
              .decode(payload.bytes(), payload.from(), payload.to(), (_, _) -> true)
              .batch());
    } catch (io.coral.otlp.MalformedPayloadException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private AgentStore open(Path path) {
    PayloadRows rows = LeftPayloadsTest::rows;
    return AgentStore.open(path, clock, rows);
  }

  @BeforeEach
  void openStore() {
    store = open(directory.resolve("first"));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private Payload taken() {
    byte[] bytes = source.payload(SPANS, 1_790_000_000_000_000_000L).toByteArray();
    Payload payload = Payload.of(0, bytes, 0, bytes.length);
    store.keep(List.of(payload), rows(payload));
    return payload;
  }

  /// The directory as a kill leaves it now.
  private Path killed() throws IOException {
    Path copy = Files.createDirectory(directory.resolve("copy-" + copies++));
    try (Stream<Path> files = Files.list(directory.resolve("first"))) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }

  private static long stored(AgentStore store) {
    return store.ranges().stream()
        .filter(range -> range.stream().equals(StreamSchema.SPANS.name()))
        .mapToLong(StoredRange::maxSeq)
        .sum();
  }

  private static List<Path> logs(Path path) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files.filter(file -> file.getFileName().toString().endsWith(".log")).toList();
    }
  }

  @Test
  void payloads_thatWereTaken_areStoredOnceByTheNextStart() throws Exception {
    Payload payload = taken();
    taken();
    Path copy = killed();
    for (int start = 0; start < 3; start++) {
      try (AgentStore next = open(copy)) {
        assertThat(stored(next)).isEqualTo(2 * SPANS);
        assertThat(next.losses()).isEmpty();
        assertThat(next.isKept(payload.id())).isTrue();
      }
      assertThat(logs(copy)).isEmpty();
    }
  }

  @Test
  void payloads_thatAreStored_areNotStoredAgain() throws Exception {
    taken();
    assertThat(stored(store)).isEqualTo(SPANS);
    taken();
    Path copy = killed();
    try (AgentStore next = open(copy)) {
      assertThat(stored(next)).isEqualTo(2 * SPANS);
      // A kill while what was left is stored.
      clock.advance(Duration.ofSeconds(1));
    }
    try (AgentStore again = open(killed())) {
      assertThat(stored(again)).isEqualTo(2 * SPANS);
    }
  }

  @Test
  void payloadsWithoutRows_areSettledToo() throws Exception {
    Payload payload = Payload.of(0, new byte[] {1}, 0, 1);
    store.keep(List.of(payload), List.of());
    assertThat(store.pendingRows()).isEqualTo(1);
    assertThat(stored(store)).isZero();
    assertThat(store.pendingRows()).isZero();
    assertThat(store.isKept(payload.id())).isTrue();
  }

  @Test
  void payload_thatWasWrittenInPart_wasNeverTaken() throws Exception {
    taken();
    long whole = Files.size(logs(directory.resolve("first")).getFirst());
    Path copy = killed();
    Path log = logs(copy).getFirst();
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
      file.seek(whole);
      file.write(new byte[] {100, 0, 0, 0, 1, 2, 3, 4, 0, 9});
    }
    try (AgentStore next = open(copy)) {
      assertThat(stored(next)).isEqualTo(SPANS);
      assertThat(next.losses()).isEmpty();
    }
  }

  @Test
  void damage_isStatedAndTheRestIsStored() throws Exception {
    List<Long> ends = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      taken();
      ends.add(Files.size(logs(directory.resolve("first")).getFirst()));
    }
    Path flipped = killed();
    try (RandomAccessFile file = new RandomAccessFile(logs(flipped).getFirst().toFile(), "rw")) {
      file.seek(ends.get(0) + 200);
      int before = file.read();
      file.seek(ends.get(0) + 200);
      file.write(before ^ 1);
    }
    Path cut = killed();
    try (RandomAccessFile file = new RandomAccessFile(logs(cut).getFirst().toFile(), "rw")) {
      file.setLength(ends.get(1) - 1);
    }
    try (AgentStore next = open(flipped)) {
      assertThat(stored(next)).isEqualTo(2 * SPANS);
      assertThat(next.losses())
          .containsExactly(
              ends.get(1)
                  - ends.get(0)
                  + " bytes of payloads that had been taken are damaged and not stored");
    }
    try (AgentStore next = open(cut)) {
      assertThat(stored(next)).isEqualTo(SPANS);
      assertThat(next.losses())
          .containsExactly(
              ends.get(2)
                  - ends.get(0)
                  + " bytes of payloads that had been taken are damaged and not stored");
    }
  }

  @Test
  void payloads_survive_aDamagedDatabase() throws Exception {
    taken();
    Path copy = killed();
    Files.write(copy.resolve(AgentStore.FILE_NAME), new byte[5000]);
    try (AgentStore next = open(copy)) {
      assertThat(stored(next)).isEqualTo(SPANS);
      assertThat(next.losses()).hasSize(1);
    }
  }
}
