package io.coral.storage;

import io.coral.bus.Topics;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop that collects batches; one worker thread, `coral-storage`, that commits them, by
/// 8,000 rows or 200 ms. A commit that fails is tried again with the next one; rows beyond the
/// limit are counted.
public final class AgentStorageVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(AgentStorageVerticle.class);
  private static final int COMMIT_ROWS = 8000;
  private static final int MAX_WAITING_ROWS = 200_000;
  private static final long COMMIT_MILLIS = 200;
  private static final long RETENTION_MILLIS = 60_000;

  private final Topics topics;
  private final AgentStore store;
  private final Map<StreamSchema, Duration> retention;
  private final Figures figures;
  private final LongAdder stored;
  private final LongAdder storedExchanges;
  private final LongAdder dropped;
  private final LongAdder failures;
  private WorkerExecutor writer;
  private List<ColumnBatch> waiting = new ArrayList<>();
  private int waitingRows;
  private Future<Void> commit = Future.succeededFuture();

  /// The verticle closes the store when it stops.
  public AgentStorageVerticle(
      Topics topics, AgentStore store, Map<StreamSchema, Duration> retention, Figures figures) {
    this.topics = topics;
    this.store = store;
    this.retention = Map.copyOf(retention);
    this.figures = figures;
    this.stored = figures.counter("coral_stored_rows_total");
    this.storedExchanges = figures.counter("coral_stored_exchanges_total");
    this.dropped = figures.dropped("storage_full");
    this.failures = figures.counter("coral_storage_failures_total");
  }

  @Override
  public Future<?> start() {
    writer = vertx.createSharedWorkerExecutor("coral-storage", 1);
    topics.rows().listen(this::take);
    figures.gauge("coral_storage_waiting_rows", () -> waitingRows);
    figures.gauge("coral_stored_bytes", store::storedBytes);
    vertx.setPeriodic(COMMIT_MILLIS, _ -> commitIfIdle());
    vertx.setPeriodic(RETENTION_MILLIS, _ -> writer.executeBlocking(this::dropExpired, true));
    return Future.succeededFuture();
  }

  private void take(ColumnBatch batch) {
    if (waitingRows + batch.rows() > MAX_WAITING_ROWS) {
      dropped.add(batch.rows());
      return;
    }
    waiting.add(batch);
    waitingRows += batch.rows();
    if (waitingRows >= COMMIT_ROWS) {
      commitIfIdle();
    }
  }

  private void commitIfIdle() {
    if (waiting.isEmpty() || !commit.isComplete()) {
      return;
    }
    List<ColumnBatch> batches = waiting;
    int rows = waitingRows;
    waiting = new ArrayList<>();
    waitingRows = 0;
    commit =
        writer
            .<Void>executeBlocking(
                () -> {
                  store.append(batches);
                  return null;
                },
                true)
            .onSuccess(_ -> count(batches, rows))
            .recover(
                failure -> {
                  failures.increment();
                  LOG.error("{} rows could not be stored and are tried again", rows, failure);
                  waiting.addAll(0, batches);
                  waitingRows += rows;
                  return Future.succeededFuture();
                });
  }

  private void count(List<ColumnBatch> batches, int rows) {
    stored.add(rows);
    int requests = StreamSchema.HTTP_METRICS.columns().indexOf(requestsColumn());
    for (ColumnBatch batch : batches) {
      if (batch.schema().equals(StreamSchema.HTTP_METRICS)) {
        for (long value : batch.longs(requests)) {
          storedExchanges.add(value);
        }
      }
    }
  }

  private static StreamSchema.Column requestsColumn() {
    return new StreamSchema.Column("requests", io.coral.model.ColumnType.LONG);
  }

  private @org.jspecify.annotations.Nullable Void dropExpired() {
    try {
      store.dropExpired(retention);
    } catch (StorageException e) {
      failures.increment();
      LOG.error("retention failed", e);
    }
    return null;
  }

  @Override
  public Future<?> stop() {
    return commit
        .compose(
            _ -> {
              commitIfIdle();
              return commit;
            })
        .compose(
            _ ->
                writer.executeBlocking(
                    () -> {
                      store.close();
                      return null;
                    },
                    true))
        .eventually(() -> writer.close());
  }
}
