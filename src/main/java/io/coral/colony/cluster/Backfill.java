package io.coral.colony.cluster;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.colony.v1.RowsRequest;
import io.coral.rpc.colony.v1.RowsResponse;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Fetches what this node lacks from nodes that have it. Clock, nodes and history come from
/// outside; futures complete on one thread.
final class Backfill {
  private static final Logger LOG = LoggerFactory.getLogger(Backfill.class);

  private final Nodes nodes;
  private final Registry registry;
  private final Duration freshness;
  private final Source source;
  private final BiFunction<String, PullResponse, Future<Long>> writer;
  private final BackfillVerticle.Notes notes;
  private final LongAdder rows;
  private final LongSupplier nanoTime;

  /// How another node is asked.
  interface Source {
    /// @param incarnation of the node; another does not answer
    Future<RowsResponse> rows(String node, long incarnation, RowsRequest request);
  }

  /// Numbers to be noted.
  ///
  /// @param deleted because their time was over
  record Note(String agentId, StreamEpoch log, LostSeqs lost, SeqRanges deleted) {}

  /// @param freshness an agent is polled when it was drained since
  /// @param writer stores rows of an agent
  /// @param rows counts them
  /// @param nanoTime monotonic
  Backfill(
      Nodes nodes,
      Registry registry,
      Duration freshness,
      Source source,
      BiFunction<String, PullResponse, Future<Long>> writer,
      BackfillVerticle.Notes notes,
      LongAdder rows,
      LongSupplier nanoTime) {
    this.nodes = nodes;
    this.registry = registry;
    this.freshness = freshness;
    this.source = source;
    this.writer = writer;
    this.notes = notes;
    this.rows = rows;
    this.nanoTime = nanoTime;
  }

  /// What is to be done.
  record Work(List<Note> notes, List<BackfillPlan.Wanted> wanted) {}

  /// Looks at what the nodes have, on any thread.
  Work look() {
    List<NodeView> views = nodes.views();
    NodeView own =
        views.stream().filter(view -> view.node().equals(nodes.self())).findFirst().orElseThrow();
    return new Work(toNote(own, views), plan(own, views));
  }

  /// Does it.
  Future<Void> run(Work work) {
    return note(work.notes).compose(_ -> fetch(work.wanted));
  }

  private List<BackfillPlan.Wanted> plan(NodeView own, List<NodeView> views) {
    long now = nanoTime.getAsLong();
    Map<String, Map<StreamEpoch, Long>> pulled = new HashMap<>();
    for (Registry.Agent agent : registry.agents()) {
      if (agent.drained() && now - agent.drainedNanos() < freshness.toNanos()) {
        pulled.put(agent.id(), agent.open());
      }
    }
    return BackfillPlan.of(
        own,
        views,
        nodes.there(),
        (agent, stream) ->
            // Every node has to know which traces belong together.
            nodes.owns(agent)
                || (stream.equals(StreamSchema.TRACE_ALIASES.name()) && !registry.knows(agent)),
        (agent, log) -> pulled.getOrDefault(agent, Map.of()).getOrDefault(log, Long.MAX_VALUE));
  }

  /// What this node has to remember of numbers that have no rows any more: what was lost with a
  /// node's disk, and of its own agents what other nodes know, so that it is said when they are
  /// gone; and what those deleted when its time was over, so that it does not seem lost then.
  private List<Note> toNote(NodeView own, List<NodeView> views) {
    List<Note> noted = new ArrayList<>();
    nodes
        .lostWithDisks(views)
        .forEach(
            (agent, logs) ->
                logs.forEach(
                    (log, seqs) ->
                        noted.add(new Note(agent, log, LostSeqs.atAnyTime(seqs), SeqRanges.NONE))));
    views.stream()
        .flatMap(view -> view.agents().keySet().stream())
        .distinct()
        .filter(nodes::owns)
        .forEach(agent -> addNews(agent, own, views, noted));
    return noted;
  }

  private static void addNews(String agent, NodeView own, List<NodeView> views, List<Note> noted) {
    NodeView.known(views, agent)
        .forEach(
            (log, known) -> {
              SeqRanges here = own.agent(agent).seqs().getOrDefault(log, KnownSeqs.NOTHING).all();
              SeqRanges unknown = known.all().minus(known.held()).minus(here);
              if (unknown.isEmpty()) {
                return;
              }
              LostSeqs lost =
                  NodeView.lost(views, agent)
                      .getOrDefault(log, LostSeqs.NONE)
                      .minus(known.held())
                      .minus(known.deleted())
                      .minus(here);
              SeqRanges deleted = known.deleted().and(unknown);
              if (!lost.isEmpty() || !deleted.isEmpty()) {
                noted.add(new Note(agent, log, lost, deleted));
              }
            });
  }

  private Future<Void> note(List<Note> noted) {
    List<Future<?>> done = new ArrayList<>();
    noted.forEach(note -> done.add(notes.note(note.agentId, note.log, note.lost, note.deleted)));
    return done.isEmpty() ? Future.succeededFuture() : Future.join(done).mapEmpty();
  }

  /// One after the other; a node that fails is not asked for the rest.
  private Future<Void> fetch(List<BackfillPlan.Wanted> wanted) {
    return fetch(wanted.iterator(), new HashSet<>());
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
    return source
        .rows(
            wanted.node(),
            wanted.incarnation(),
            RowsRequest.newBuilder()
                .setAgentId(wanted.agentId())
                .setStream(wanted.log().stream())
                .setEpoch(wanted.log().epoch())
                .setFromSeq(range.from())
                .setToSeq(range.to())
                .build())
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
