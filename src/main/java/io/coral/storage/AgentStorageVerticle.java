package io.coral.storage;

import io.coral.bus.FullException;
import io.coral.bus.RowKeeper;
import io.coral.bus.Topics;
import io.coral.config.DiskMarks;
import io.coral.model.CollectorState;
import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.coral.model.PayloadId;
import io.coral.model.StreamSchema;
import io.coral.telemetry.Figures;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop that collects batches; one worker thread, `coral-storage`, that stores them.
///
/// Rows are committed each 200 ms, or when there are 8,000. Those of payloads, which somebody waits
/// for, are made safe within 5 ms, and committed each 200 ms, or when there are 30,000. A commit
/// that fails is tried again with the next one; payloads that cannot be made safe fail. Rows beyond
/// the limit are counted, or refused.
public final class AgentStorageVerticle extends VerticleBase implements RowKeeper {
  private static final Logger LOG = LoggerFactory.getLogger(AgentStorageVerticle.class);
  private static final int COMMIT_ROWS = 8000;
  private static final long VERIFY_MILLIS = 1_000;
  private static final int MAX_WAITING_ROWS = 200_000;
  private static final long COMMIT_MILLIS = 200;
  private static final int AWAITED_ROWS = 4000;
  private static final long AWAITED_MILLIS = 5;
  private static final int MOST_PENDING_ROWS = 30_000;
  private static final int MAX_AWAITED_ROWS = 50_000;
  private static final long RETENTION_MILLIS = 60_000;
  private static final long DISK_MILLIS = 2_000;

  private final Topics topics;
  private final AgentStore store;
  private final Map<StreamSchema, Duration> retention;
  private final Figures figures;
  private final RequestSeries series;
  private final DiskMarks marks;
  private final Disk disk;
  private final long diskMillis;
  private final LongAdder stored;
  private final LongAdder storedExchanges;
  private final LongAdder dropped;
  private final LongAdder failures;
  private final LongAdder droppedEarly;
  private final LongAdder unread;
  private WorkerExecutor writer;
  private List<ColumnBatch> waiting = new ArrayList<>();
  private int waitingRows;
  private List<Awaited> awaited = new ArrayList<>();
  private final AtomicInteger awaitedRows = new AtomicInteger();
  private boolean commitIsDue;
  private boolean failing;
  private volatile int diskPercent;
  private volatile boolean stopping;
  private Future<Void> commit = Future.succeededFuture();

  /// Rows that somebody waits for.
  private record Awaited(
      List<ColumnBatch> batches, int rows, Payload payload, Promise<Boolean> kept) {}

  /// The verticle closes the store when it stops.
  ///
  /// @param series is told of every row that was committed
  public AgentStorageVerticle(
      Topics topics,
      AgentStore store,
      Map<StreamSchema, Duration> retention,
      DiskMarks marks,
      Figures figures,
      RequestSeries series) {
    this(topics, store, retention, marks, store.disk(), DISK_MILLIS, figures, series);
  }

  /// @param diskMillis between two looks at the disk
  AgentStorageVerticle(
      Topics topics,
      AgentStore store,
      Map<StreamSchema, Duration> retention,
      DiskMarks marks,
      Disk disk,
      long diskMillis,
      Figures figures,
      RequestSeries series) {
    this.marks = marks;
    this.disk = disk;
    this.diskMillis = diskMillis;
    this.topics = topics;
    this.store = store;
    this.retention = Map.copyOf(retention);
    this.figures = figures;
    this.series = series;
    this.stored = figures.counter("coral_stored_rows_total");
    this.storedExchanges = figures.counter("coral_stored_exchanges_total");
    this.dropped = figures.dropped("storage_full");
    this.failures = figures.counter("coral_storage_failures_total");
    this.unread = figures.counter("coral_storage_dropped_unread_total");
    this.droppedEarly = figures.counter("coral_storage_dropped_early_total");
  }

  @Override
  public Future<?> start() {
    writer = vertx.createSharedWorkerExecutor("coral-storage", 1);
    topics.rows().listen(this::take);
    figures.gauge(
        "coral_storage_waiting_rows", () -> waitingRows + awaitedRows.get() + store.pendingRows());
    figures.gauge("coral_stored_bytes", store::storedBytes);
    figures.gauge("coral_storage_verified", () -> store.isVerified() ? 1 : 0);
    figures.gauge("coral_disk_used_percent", () -> diskPercent);
    vertx.setPeriodic(COMMIT_MILLIS, _ -> commitIfIdle(true));
    vertx.setPeriodic(RETENTION_MILLIS, _ -> writer.executeBlocking(this::dropExpired, true));
    vertx.setPeriodic(diskMillis, _ -> lookAtDisk());
    vertx.setTimer(
        VERIFY_MILLIS, _ -> vertx.executeBlocking(Executors.callable(store::verify), false));
    return lookAtDisk();
  }

  private void take(ColumnBatch batch) {
    if (waitingRows + batch.rows() > MAX_WAITING_ROWS) {
      dropped.add(batch.rows());
      return;
    }
    waiting.add(batch);
    waitingRows += batch.rows();
    if (waitingRows >= COMMIT_ROWS) {
      commitIfIdle(true);
    }
  }

  @Override
  public Future<Boolean> keep(List<ColumnBatch> batches, Payload payload) {
    Promise<Boolean> kept = Promise.promise();
    int rows = batches.stream().mapToInt(ColumnBatch::rows).sum();
    context.runOnContext(_ -> await(new Awaited(batches, rows, payload, kept)));
    return kept.future();
  }

  @Override
  public @Nullable String whyFull() {
    return whyFull(1);
  }

  private @Nullable String whyFull(int rows) {
    if (stopping) {
      return "the agent stops";
    }
    if (diskIsFull()) {
      return "the disk is " + diskPercent + " % full";
    }
    int ahead = awaitedRows.get() + store.pendingRows();
    return ahead > 0 && ahead + rows > MAX_AWAITED_ROWS ? ahead + " rows wait to be stored" : null;
  }

  private void await(Awaited rows) {
    String why = whyFull(rows.rows);
    if (why != null) {
      rows.kept.fail(new FullException(why));
      return;
    }
    awaited.add(rows);
    awaitedRows.addAndGet(rows.rows);
    if (awaitedRows.get() >= AWAITED_ROWS) {
      commitIfIdle(false);
    } else if (!commitIsDue) {
      commitIsDue = true;
      vertx.setTimer(
          AWAITED_MILLIS,
          _ -> {
            commitIsDue = false;
            commitIfIdle(false);
          });
    }
  }

  /// @param all or only what somebody waits for
  private void commitIfIdle(boolean all) {
    boolean hasRows =
        (!waiting.isEmpty() || store.pendingRows() > 0) && (stopping || !diskIsFull());
    if ((awaited.isEmpty() && !(all && hasRows)) || !commit.isComplete()) {
      return;
    }
    List<ColumnBatch> batches = all ? waiting : List.of();
    int rows = all ? waitingRows : 0;
    List<Awaited> answers = awaited;
    int rowsOfAnswers = awaitedRows.get();
    if (all) {
      waiting = new ArrayList<>();
      waitingRows = 0;
    }
    awaited = new ArrayList<>();
    commit =
        writer
            .executeBlocking(() -> keep(answers), true)
            .onComplete(
                kept -> {
                  awaitedRows.addAndGet(-rowsOfAnswers);
                  for (Awaited each : answers) {
                    if (kept.failed()) {
                      each.kept.fail(kept.cause());
                    } else {
                      boolean isNew = kept.result().contains(each);
                      if (isNew) {
                        count(each.batches, each.rows);
                      }
                      each.kept.complete(isNew);
                    }
                  }
                })
            .onFailure(
                failure -> {
                  failed(failure, rowsOfAnswers + " rows of payloads are refused");
                })
            .otherwiseEmpty()
            .compose(
                _ ->
                    all || store.pendingRows() >= MOST_PENDING_ROWS
                        ? commit(batches, rows)
                        : Future.succeededFuture())
            .onComplete(
                _ -> {
                  // What came meanwhile has waited long enough.
                  if (!awaited.isEmpty()) {
                    vertx.runOnContext(_ -> commitIfIdle(false));
                  }
                });
  }

  private Future<Void> commit(List<ColumnBatch> batches, int rows) {
    return writer
        .<Void>executeBlocking(
            () -> {
              store.append(batches);
              return null;
            },
            true)
        .onSuccess(
            _ -> {
              count(batches, rows);
              if (failing) {
                failing = false;
                LOG.info("rows are stored again");
              }
            })
        .recover(
            failure -> {
              failed(failure, rows + store.pendingRows() + " rows are tried again");
              waiting.addAll(0, batches);
              waitingRows += rows;
              return Future.succeededFuture();
            });
  }

  /// Says what failed, but not each time: what fails now mostly does so for a while.
  private void failed(Throwable failure, String consequence) {
    failures.increment();
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    if (failing) {
      LOG.debug("{}", consequence, failure);
    } else {
      failing = true;
      LOG.error("rows cannot be stored, {}: {}", consequence, cause.getMessage());
    }
  }

  /// What was sent twice is kept once.
  ///
  /// @return those whose rows are new
  private Set<Awaited> keep(List<Awaited> answers) {
    List<ColumnBatch> batches = new ArrayList<>();
    Map<PayloadId, Payload> payloads = new LinkedHashMap<>();
    Set<Awaited> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Awaited each : answers) {
      PayloadId id = each.payload.id();
      if (!store.isKept(id) && payloads.putIfAbsent(id, each.payload) == null) {
        batches.addAll(each.batches);
        kept.add(each);
      }
    }
    if (!kept.isEmpty()) {
      store.keep(List.copyOf(payloads.values()), batches);
    }
    return kept;
  }

  private void count(List<ColumnBatch> batches, int rows) {
    stored.add(rows);
    int requests = StreamSchema.HTTP_METRICS.position("requests");
    for (ColumnBatch batch : batches) {
      series.add(batch, _ -> true);
      if (batch.schema().countsRequests()) {
        for (long value : batch.longs(requests)) {
          storedExchanges.add(value);
        }
      }
    }
  }

  private @Nullable Void dropExpired() {
    try {
      long rows = store.dropExpired(retention, marks.unreadBytes());
      if (rows > 0) {
        unread.add(rows);
        LOG.warn("{} rows that a colony lacks were dropped: there are too many (unread_mb)", rows);
      }
    } catch (StorageException e) {
      failures.increment();
      LOG.error("retention failed", e);
    }
    return null;
  }

  /// Drops the oldest data where the disk fills up; [#await] and [#commitIfIdle] heed what was
  /// seen.
  private Future<Void> lookAtDisk() {
    if (stopping) {
      return Future.succeededFuture();
    }
    return writer
        .executeBlocking(
            () -> {
              int percent = usedPercent();
              if (marks.cleanupPercent() < 100 && percent >= marks.cleanupPercent()) {
                droppedEarly.add(store.dropOldest());
                percent = usedPercent();
              }
              return percent;
            },
            true)
        .onSuccess(this::sawDisk)
        .onFailure(
            failure -> {
              failures.increment();
              LOG.error("the disk cannot be looked after", failure);
            })
        .otherwiseEmpty()
        .mapEmpty();
  }

  private int usedPercent() throws IOException {
    Disk.Space space = disk.space();
    int percent = space.usedPercent(0);
    // What is free inside of the file is asked for only where it matters.
    return percent < marks.cleanupPercent() ? percent : space.usedPercent(store.freeBytes());
  }

  private void sawDisk(int percent) {
    boolean wasFull = diskIsFull();
    boolean wasTight = diskIsTight();
    diskPercent = percent;
    if (wasFull != diskIsFull() || wasTight != diskIsTight()) {
      LOG.warn("{}", diskIsTight() || diskIsFull() ? state().reason() : "the disk has room again");
    }
  }

  private boolean diskIsTight() {
    return marks.cleanupPercent() < 100 && diskPercent >= marks.cleanupPercent();
  }

  private boolean diskIsFull() {
    return marks.refusePercent() < 100 && diskPercent >= marks.refusePercent();
  }

  /// How storing fares; any thread.
  public CollectorState state() {
    int percent = diskPercent;
    String reason =
        diskIsFull()
            ? "the disk is " + percent + " % full: nothing is stored until there is room"
            : diskIsTight()
                ? "the disk is " + percent + " % full: the oldest data are dropped early"
                : "";
    return new CollectorState(
        "storage", reason.isEmpty() ? CollectorState.OK : CollectorState.DEGRADED, reason);
  }

  @Override
  public Future<?> stop() {
    stopping = true;
    return commit
        .compose(
            _ -> {
              commitIfIdle(true);
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
