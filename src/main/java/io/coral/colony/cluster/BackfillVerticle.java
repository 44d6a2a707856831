package io.coral.colony.cluster;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.colony.v1.RowsRequest;
import io.coral.rpc.colony.v1.RowsResponse;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Fetches from other nodes what this one is to have and cannot get from the agents any more, and
/// what they found themselves. Event loop.
public final class BackfillVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(BackfillVerticle.class);
  private static final long INTERVAL_MILLIS = 1000;
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final Nodes nodes;
  private final Registry registry;
  private final Duration freshness;
  private final BiFunction<String, PullResponse, Future<Long>> writer;
  private final LongAdder rows;
  private boolean underWay;

  /// @param freshness an agent is polled when it was drained since
  /// @param writer stores rows of an agent
  public BackfillVerticle(
      Nodes nodes,
      Registry registry,
      Duration freshness,
      BiFunction<String, PullResponse, Future<Long>> writer,
      Figures figures) {
    this.nodes = nodes;
    this.registry = registry;
    this.freshness = freshness;
    this.writer = writer;
    this.rows = figures.counter("coral_backfilled_rows_total");
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
        .executeBlocking(this::plan, false)
        .compose(wanted -> fetch(wanted.iterator(), new HashSet<>()))
        .onComplete(_ -> underWay = false)
        .onFailure(failure -> LOG.warn("rows of other nodes are not fetched: {}", "" + failure));
  }

  private List<BackfillPlan.Wanted> plan() {
    long now = System.nanoTime();
    Set<String> pulled = new HashSet<>();
    for (Registry.Agent agent : registry.agents()) {
      if (agent.drained() && now - agent.drainedNanos() < freshness.toNanos()) {
        pulled.add(agent.id());
      }
    }
    List<NodeView> views = nodes.views();
    NodeView own =
        views.stream().filter(view -> view.node().equals(nodes.self())).findFirst().orElseThrow();
    return BackfillPlan.of(
        own,
        views,
        nodes.there(),
        (agent, stream) ->
            // Every node has to know which traces belong together.
            nodes.owns(agent)
                || (stream.equals(StreamSchema.TRACE_ALIASES.name()) && !registry.knows(agent)),
        pulled::contains);
  }

  private Future<Void> fetch(Iterator<BackfillPlan.Wanted> wanted, Set<String> failed) {
    if (!wanted.hasNext()) {
      return Future.succeededFuture();
    }
    BackfillPlan.Wanted next = wanted.next();
    if (failed.contains(next.node())) {
      return fetch(wanted, failed);
    }
    return fetch(next, next.seqs())
        .recover(
            failure -> {
              LOG.debug("{} does not give rows", next.node(), failure);
              failed.add(next.node());
              return Future.succeededFuture();
            })
        .compose(_ -> fetch(wanted, failed));
  }

  private Future<Void> fetch(BackfillPlan.Wanted wanted, SeqRanges left) {
    if (left.isEmpty()) {
      return Future.succeededFuture();
    }
    SeqRanges.Range range = left.ranges().getFirst();
    return vertx
        .eventBus()
        .<RowsResponse>request(
            PartVerticle.rowsAddress(wanted.node()),
            RowsRequest.newBuilder()
                .setAgentId(wanted.agentId())
                .setStream(wanted.log().stream())
                .setEpoch(wanted.log().epoch())
                .setFromSeq(range.from())
                .setToSeq(range.to())
                .build(),
            new DeliveryOptions().setSendTimeout(DEADLINE.toMillis()))
        .map(Message::body)
        .compose(
            response -> {
              if (!response.hasRows()) {
                return fetch(wanted, left.minus(SeqRanges.of(range.from(), range.to())));
              }
              PullResponse batch = response.getRows();
              return writer
                  .apply(wanted.agentId(), batch)
                  .compose(
                      news -> {
                        rows.add(news);
                        return fetch(
                            wanted, left.minus(SeqRanges.of(range.from(), batch.getToSeq())));
                      });
            });
  }
}
