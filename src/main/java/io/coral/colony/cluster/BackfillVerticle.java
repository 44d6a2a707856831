package io.coral.colony.cluster;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.colony.v1.RowsRequest;
import io.coral.rpc.colony.v1.RowsResponse;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.time.Duration;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Fetches from other nodes what this one is to have and cannot get from the agents any more, and
/// what they found themselves: gives [Backfill] its timer and the event bus. Event loop.
public final class BackfillVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(BackfillVerticle.class);
  private static final long INTERVAL_MILLIS = 1000;
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final Nodes nodes;
  private final Backfill backfill;
  private boolean underWay;

  /// Where it is noted that numbers have no rows any more.
  public interface Notes {
    /// @param deleted because their time was over
    Future<?> note(String agentId, StreamEpoch log, LostSeqs lost, SeqRanges deleted);
  }

  /// @param freshness an agent is polled when it was drained since
  /// @param writer stores rows of an agent
  /// @param notes notes that numbers have no rows any more
  public BackfillVerticle(
      Nodes nodes,
      Registry registry,
      Duration freshness,
      BiFunction<String, PullResponse, Future<Long>> writer,
      Notes notes,
      Figures figures) {
    this.nodes = nodes;
    this.backfill =
        new Backfill(
            nodes,
            registry,
            freshness,
            this::rows,
            writer,
            notes,
            figures.counter("coral_backfilled_rows_total"),
            System::nanoTime);
  }

  @Override
  public Future<?> start() {
    vertx.setPeriodic(INTERVAL_MILLIS, _ -> fill());
    return Future.succeededFuture();
  }

  private void fill() {
    if (underWay || nodes.members().size() < 2) {
      return;
    }
    underWay = true;
    vertx
        .executeBlocking(backfill::look, false)
        .compose(backfill::run)
        .onComplete(_ -> underWay = false)
        .onFailure(failure -> LOG.warn("rows of other nodes are not fetched: {}", "" + failure));
  }

  private Future<RowsResponse> rows(String node, long incarnation, RowsRequest request) {
    return vertx
        .eventBus()
        .<RowsResponse>request(
            PartVerticle.rowsAddress(node, incarnation),
            request,
            new DeliveryOptions().setSendTimeout(DEADLINE.toMillis()))
        .map(Message::body);
  }
}
