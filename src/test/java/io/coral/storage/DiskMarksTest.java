package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.coral.bus.FullException;
import io.coral.bus.Topics;
import io.coral.config.DiskMarks;
import io.coral.model.CollectorState;
import io.coral.model.Payload;
import io.coral.model.StreamSchema;
import io.coral.telemetry.Figures;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent's store on a disk that is as full as the test says.
final class DiskMarksTest {
  private static final long SIZE = 1L << 40;
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);
  private final Vertx vertx = Vertx.vertx();
  private final Figures figures = new Figures();
  private volatile int percent = 50;
  private AgentStore store;
  private AgentStorageVerticle storage;
  private Topics topics;
  private int payloads;

  @BeforeEach
  void deploy() throws Exception {
    store = AgentStore.open(directory, clock);
    topics = Topics.of(vertx);
    storage =
        new AgentStorageVerticle(
            topics,
            store,
            Map.of(),
            new DiskMarks(85, 95, 1L << 30),
            () -> new Disk.Space(SIZE / 100 * percent, SIZE / 100 * (100 - percent)),
            10,
            figures,
            new RequestSeries(figures));
    get(vertx.deployVerticle(storage));
  }

  @AfterEach
  void close() throws Exception {
    get(vertx.close());
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  private Future<Boolean> keep() {
    byte[] bytes = ("payload " + ++payloads).getBytes(StandardCharsets.UTF_8);
    return storage.keep(
        List.of(AgentStoreTest.metrics("shop", "/", 200, 1, 5)),
        Payload.of(0, bytes, 0, bytes.length));
  }

  private void isAt(int newPercent) {
    percent = newPercent;
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(figures.all())
                    .containsEntry("coral_disk_used_percent", (long) newPercent));
  }

  private long rows() {
    return store.ranges().stream()
        .filter(range -> range.stream().equals(StreamSchema.HTTP_METRICS.name()))
        .mapToLong(range -> range.maxSeq() - range.minSeq() + 1)
        .sum();
  }

  @Test
  void diskThatFillsUp_dropsTheOldestTenMinutesUntilTheresRoomOrThePresentOnesAreLeft()
      throws Exception {
    for (int i = 0; i < 3; i++) {
      get(keep());
      assertThat(rows()).isEqualTo(i + 1);
      clock.advance(Duration.ofMinutes(10));
    }
    get(keep());
    assertThat(rows()).isEqualTo(4);
    isAt(84);
    assertThat(rows()).isEqualTo(4);
    isAt(85);
    await().atMost(SOON).until(() -> rows() == 1);
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(figures.all()).containsEntry("coral_storage_dropped_early_total", 3L));
    assertThat(storage.state())
        .isEqualTo(
            new CollectorState(
                "storage",
                CollectorState.DEGRADED,
                "the disk is 85 % full: the oldest data are dropped early"));
    get(keep());
    assertThat(rows()).isEqualTo(2);
    isAt(50);
    assertThat(storage.state().state()).isEqualTo(CollectorState.OK);
  }

  @Test
  void diskThatIsFull_takesNothing_andGoesOnByItself() throws Exception {
    get(keep());
    isAt(95);
    assertThat(storage.state().reason())
        .isEqualTo("the disk is 95 % full: nothing is stored until there is room");
    assertThatThrownBy(() -> get(keep()))
        .hasRootCauseInstanceOf(FullException.class)
        .hasMessageContaining("the disk is 95 % full");
    topics.rows().publish(AgentStoreTest.metrics("captured", "/", 200, 1, 5));
    await().atMost(SOON).until(() -> topics.rows().waiting() == 0);
    assertThat(rows()).isEqualTo(1);
    assertThat(figures.all()).containsEntry("coral_storage_waiting_rows", 1L);
    isAt(84);
    get(keep());
    await().atMost(SOON).until(() -> rows() == 3);
  }

  @Test
  void space_countsWhatIsFreeInsideOfOurFileAsRoom() {
    assertThat(new Disk.Space(90, 10).usedPercent(0)).isEqualTo(90);
    assertThat(new Disk.Space(90, 10).usedPercent(20)).isEqualTo(70);
    assertThat(new Disk.Space(0, 0).usedPercent(0)).isZero();
  }
}
