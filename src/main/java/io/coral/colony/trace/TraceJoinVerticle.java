package io.coral.colony.trace;

import io.coral.colony.registry.Registry;
import io.coral.storage.ColonyStore;
import io.coral.storage.TraceAlias;
import io.coral.storage.TraceJoins;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop for its timer; joins at the interval of the polls, once there are two agents. Looks
/// on a worker thread, writes on the history's.
public final class TraceJoinVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(TraceJoinVerticle.class);

  /// A span comes here at most a few polls after its end.
  private static final Duration LOOK_BACK = Duration.ofMinutes(3);

  private final Registry registry;
  private final TraceJoins joins;
  private final Duration interval;
  private final Clock clock;
  private final LongAdder joined;
  private WorkerExecutor writer;
  private boolean underWay;

  public TraceJoinVerticle(
      Registry registry, ColonyStore store, Duration interval, Figures figures, Clock clock) {
    this.registry = registry;
    this.joins = new TraceJoins(store);
    this.interval = interval;
    this.clock = clock;
    this.joined = figures.counter("coral_trace_hops_joined_total");
  }

  @Override
  public Future<?> start() {
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    vertx.setPeriodic(interval.toMillis(), _ -> join());
    return Future.succeededFuture();
  }

  private void join() {
    if (underWay || registry.agents().size() < 2) {
      return;
    }
    underWay = true;
    vertx
        .executeBlocking(this::found, false)
        .compose(rows -> rows.isEmpty() ? Future.succeededFuture() : store(rows))
        .onComplete(_ -> underWay = false)
        .onFailure(failure -> LOG.error("traces of different hosts are not joined", failure));
  }

  private List<TraceAlias> found() {
    long since = clock.instant().minus(LOOK_BACK).toEpochMilli() * 1_000_000;
    HostJoiner joiner = new HostJoiner(joins.aliases(since));
    joiner.join(joins.candidates(since));
    return joiner.rows();
  }

  private Future<Void> store(List<TraceAlias> rows) {
    joined.add(rows.stream().filter(row -> row.spanId() != 0).count());
    return writer.executeBlocking(
        () -> {
          joins.store(rows);
          return null;
        },
        true);
  }

  @Override
  public Future<?> stop() {
    return writer.close();
  }
}
