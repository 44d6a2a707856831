package io.coral.colony.retention;

import io.coral.model.StreamSchema;
import io.coral.storage.ColonyStore;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what is past its retention, at the start and every hour, and the oldest days when the
/// disk fills up; adds up what came, every two minutes, and seals days that are over.
public final class RetentionVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(RetentionVerticle.class);
  private static final long SWEEP_MILLIS = 3_600_000;
  private static final long ROLL_MILLIS = 120_000;
  private static final long DISK_MILLIS = 10_000;

  private final ColonyStore store;
  private final Map<StreamSchema, Duration> retention;
  private final int cleanupPercent;
  private final boolean seals;
  private final LongAdder droppedEarly;
  private final LongAdder sealed;
  private WorkerExecutor writer;

  /// @param cleanupPercent how full the disk may be before the oldest days are deleted early;
  ///     100 = never
  /// @param seals whether days that are over are compressed
  public RetentionVerticle(
      ColonyStore store,
      Map<StreamSchema, Duration> retention,
      int cleanupPercent,
      boolean seals,
      Figures figures) {
    this.store = store;
    this.retention = Map.copyOf(retention);
    this.cleanupPercent = cleanupPercent;
    this.seals = seals;
    this.sealed = figures.counter("coral_history_sealed_total");
    this.droppedEarly = figures.counter("coral_history_dropped_early_total");
  }

  @Override
  public Future<?> start() {
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    vertx.setPeriodic(SWEEP_MILLIS, _ -> sweep());
    vertx.setTimer(ROLL_MILLIS, _ -> tidy());
    if (cleanupPercent < 100) {
      vertx.setPeriodic(DISK_MILLIS, _ -> lookAtDisk());
    }
    return sweep();
  }

  private Future<?> sweep() {
    return writer
        .executeBlocking(() -> store.dropExpired(retention), true)
        .onSuccess(
            gone -> gone.forEach(file -> LOG.info("{} is past its retention and deleted", file)))
        .onFailure(failure -> LOG.error("retention failed", failure));
  }

  /// Never twice at the same time: a day takes a while.
  private void tidy() {
    writer
        .executeBlocking(store::roll, true)
        .onFailure(failure -> LOG.error("counts are not added up", failure))
        .compose(_ -> seals ? seal() : Future.succeededFuture())
        .onComplete(_ -> vertx.setTimer(ROLL_MILLIS, _ -> tidy()));
  }

  /// One day after the other, until none is left.
  private Future<?> seal() {
    return writer
        .executeBlocking(
            () -> {
              store.dropReplaced();
              return store.nextToSeal();
            },
            true)
        .compose(day -> day.isPresent() ? seal(day.get()) : Future.succeededFuture())
        .onFailure(failure -> LOG.error("a day is not sealed", failure));
  }

  private Future<?> seal(ColonyStore.Unsealed day) {
    return vertx
        .executeBlocking(
            () -> {
              store.writeSealed(day);
              return day;
            },
            false)
        .compose(written -> writer.executeBlocking(() -> store.replaceBySealed(written), true))
        .compose(
            replaced -> {
              if (!replaced) {
                // It changed meanwhile: not at once again.
                return Future.succeededFuture();
              }
              sealed.increment();
              LOG.info("{} is sealed", day);
              return seal();
            });
  }

  private Future<?> lookAtDisk() {
    return writer
        .executeBlocking(
            () -> store.diskPercent() >= cleanupPercent ? store.dropOldest() : List.<String>of(),
            true)
        .onSuccess(
            gone -> {
              droppedEarly.add(gone.size());
              gone.forEach(file -> LOG.warn("{} is deleted early: the disk fills up", file));
            })
        .onFailure(failure -> LOG.error("the disk cannot be looked after", failure));
  }
}
