package io.coral.colony.retention;

import io.coral.model.StreamSchema;
import io.coral.storage.ColonyStore;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Deletes what is past its retention, at the start and every hour, and adds up what came, every
/// two minutes.
public final class RetentionVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(RetentionVerticle.class);
  private static final long SWEEP_MILLIS = 3_600_000;
  private static final long ROLL_MILLIS = 120_000;

  private final ColonyStore store;
  private final Map<StreamSchema, Duration> retention;
  private WorkerExecutor writer;

  public RetentionVerticle(ColonyStore store, Map<StreamSchema, Duration> retention) {
    this.store = store;
    this.retention = Map.copyOf(retention);
  }

  @Override
  public Future<?> start() {
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    vertx.setPeriodic(SWEEP_MILLIS, _ -> sweep());
    vertx.setPeriodic(ROLL_MILLIS, _ -> roll());
    return sweep();
  }

  private Future<?> sweep() {
    return writer
        .executeBlocking(() -> store.dropExpired(retention), true)
        .onSuccess(
            gone -> gone.forEach(file -> LOG.info("{} is past its retention and deleted", file)))
        .onFailure(failure -> LOG.error("retention failed", failure));
  }

  private Future<?> roll() {
    return writer
        .executeBlocking(store::roll, true)
        .onFailure(failure -> LOG.error("counts are not added up", failure));
  }
}
