package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coral.model.ColumnBatch;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The history on a disk that fills while a checkpoint is written: what was committed stays, and it
/// goes on by itself when there is room again.
final class FullHistoryDiskIT {
  private static final long EPOCH = 7;
  private static final int ROWS = 20_000;
  private static final int MOST_BATCHES = 200;
  private static final Duration SOON = Duration.ofSeconds(100);

  @TempDir Path directory;
  private Path disk;
  private long next = 1;

  @BeforeEach
  void mount() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "the test must be root");
    disk = Files.createDirectory(directory.resolve("disk"));
    // A checkpoint comes with the first 32 MB of the write-ahead log, and has no room beside it.
    run("mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk.toString());
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", "--lazy", disk.toString());
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
  }

  /// @return false when it is not stored
  private boolean append(ColonyStore store) {
    SplittableRandom random = new SplittableRandom(next);
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, ROWS);
    for (int i = 0; i < ROWS; i++) {
      rows.add(random.nextLong(), random.nextLong()).add(random.nextLong(), random.nextLong());
      rows.add(0L).add(0L).add("").add(System.currentTimeMillis() * 1_000_000);
    }
    NumberedBatch batch =
        new NumberedBatch(StreamSchema.TRACE_ALIASES.name(), EPOCH, next, rows.build());
    try {
      store.append(List.of(new Delivery("a", batch)));
      next += ROWS;
      return true;
    } catch (StorageException e) {
      return false;
    }
  }

  private static long rows(ColonyStore store) {
    return store.rowsByAgent().getOrDefault("a", 0L);
  }

  @Test
  void checkpointWithoutRoom_losesNothing_andGoesOn() throws Exception {
    try (ColonyStore store = ColonyStore.open(disk, Clock.systemUTC())) {
      int refused = 0;
      for (int i = 0; i < MOST_BATCHES && refused < 3; i++) {
        refused += append(store) ? 0 : 1;
      }
      assertThat(refused).isEqualTo(3);

      run("mount", "-o", "remount,size=400m", disk.toString());
      await("it takes rows again").atMost(SOON).until(() -> append(store));
      assertThat(append(store)).isTrue();
      assertThat(rows(store)).isEqualTo(next - 1);
    }
    try (ColonyStore store = ColonyStore.open(disk, Clock.systemUTC())) {
      assertThat(store.losses()).isEmpty();
      assertThat(rows(store)).isEqualTo(next - 1);
      assertThat(store.known("a", StreamSchema.TRACE_ALIASES, EPOCH).held())
          .isEqualTo(SeqRanges.of(1, next - 1));
    }
  }
}
