package io.coral.colony.poll;

import io.coral.colony.cluster.Nodes;
import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.storage.KnownSeqs;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Pulls from the agents of this node what it does not have. Agents are asked in parallel as
/// [PollSchedule] says; a slow one delays nobody.
///
/// Clock, agents and history come from outside. One thread, on which all futures complete.
public final class Poller {
  private static final Logger LOG = LoggerFactory.getLogger(Poller.class);
  private static final int MAX_ROWS = 10_000;
  private static final int MOST_AT_ONCE = 64;

  /// What is younger is fresh: however many questions come, an agent is polled once in this time.
  private static final long FRESH_NANOS = 1_000_000_000;

  private final Registry registry;
  private final Nodes nodes;
  private final Agents agents;
  private final History history;
  private final LongSupplier nanoTime;
  private final LongAdder rows;
  private final LongAdder repeated;
  private final LongAdder failures;
  private final PollSchedule schedule;
  private final ReadMarks marks;
  private final Set<Nothing> gaveNothing = new HashSet<>();
  private final Map<String, List<Waiting>> waiting = new HashMap<>();
  private final Map<String, Map<StreamEpoch, SeqRanges>> askedInVain = new HashMap<>();
  private volatile boolean polledOnce;

  /// Where an agent gave no rows.
  private record Nothing(String agentId, String stream, long epoch, long fromSeq) {}

  /// For a poll of an agent that began at a time or later.
  private record Waiting(long since, Promise<Void> polled) {}

  /// How agents are asked.
  public interface Agents {
    /// @param endpoint `host:port` of the agent's API
    Future<ListStreamsResponse> streams(String endpoint, ListStreamsRequest request);

    /// @param batches takes each batch of the answer
    /// @return fails when the answer does not come to its end
    Future<Void> pull(String endpoint, PullRequest request, Consumer<PullResponse> batches);
  }

  /// Where rows and their numbers are kept.
  public interface History {
    KnownSeqs known(String agentId, StreamSchema schema, long epoch);

    /// Notes which numbers an agent no longer has.
    Future<?> noteGone(String agentId, StreamSchema schema, long epoch, SeqRanges gone);

    /// Stores rows of an agent.
    ///
    /// @return how many of the numbers are held now that were not
    Future<Long> append(String agentId, PullResponse rowsOfAgent);
  }

  /// @param nanoTime monotonic
  public Poller(
      Registry registry,
      Nodes nodes,
      Agents agents,
      History history,
      Duration interval,
      Figures figures,
      LongSupplier nanoTime) {
    this.registry = registry;
    this.nodes = nodes;
    this.agents = agents;
    this.history = history;
    this.nanoTime = nanoTime;
    this.marks = new ReadMarks(nodes.self(), history);
    this.schedule = new PollSchedule(interval.toNanos(), MOST_AT_ONCE);
    this.rows = figures.counter("coral_pulled_rows_total");
    this.repeated = figures.counter("coral_pulled_rows_repeated_total");
    this.failures = figures.counter("coral_poll_failures_total");
  }

  /// Whether every stream of some agent was drained once; safe on any thread.
  public boolean polledOnce() {
    return polledOnce;
  }

  /// Polls an agent without waiting for its turn.
  public void pollSoon(String agentId) {
    schedule.soon(agentId, nanoTime.getAsLong());
    pollDue();
  }

  /// Polls those of some agents that this node pulls and that answered last time, unless it has
  /// done so within the last second. None while a node is not heard, which may have what an agent
  /// no longer has: the regular polls have time.
  ///
  /// @return completes when they are polled, well or not; never fails
  public Future<?> freshen(Collection<String> agentIds) {
    if (!nodes.hearsAll()) {
      return Future.succeededFuture();
    }
    long now = nanoTime.getAsLong();
    List<Future<Void>> polls = new ArrayList<>();
    for (String agentId : agentIds) {
      if (schedule.since(agentId, now - FRESH_NANOS, now)) {
        Waiting poll = new Waiting(now - FRESH_NANOS, Promise.promise());
        waiting.computeIfAbsent(agentId, _ -> new ArrayList<>()).add(poll);
        polls.add(poll.polled.future());
      }
    }
    if (polls.isEmpty()) {
      return Future.succeededFuture();
    }
    pollDue();
    return Future.join(polls);
  }

  private void tell(String agentId, long began, boolean well) {
    List<Waiting> left = waiting.remove(agentId);
    if (left == null) {
      return;
    }
    List<Waiting> later = left.stream().filter(each -> well && began - each.since < 0).toList();
    if (!later.isEmpty()) {
      waiting.put(agentId, new ArrayList<>(later));
    }
    left.stream().filter(each -> !later.contains(each)).forEach(each -> each.polled.complete());
  }

  /// Polls the agents whose turn it is. Not before the other nodes told what they have: what an
  /// agent no longer has would seem to be lost.
  public void pollDue() {
    if (!nodes.haveTold()) {
      return;
    }
    Map<String, Registry.Agent> own =
        registry.reachable().stream()
            .filter(agent -> nodes.owns(agent.id()))
            .collect(Collectors.toMap(Registry.Agent::id, agent -> agent));
    for (String due : schedule.begin(own.keySet(), nanoTime.getAsLong())) {
      poll(Objects.requireNonNull(own.get(due)));
    }
  }

  private void poll(Registry.Agent agent) {
    long began = nanoTime.getAsLong();
    Map<StreamEpoch, Long> open = new HashMap<>();
    agents
        .streams(agent.endpoint(), marks.request(agent.id(), began))
        .compose(
            list -> {
              // A newer agent may have others.
              List<StreamStatus> streams =
                  list.getStreamsList().stream()
                      .filter(stream -> StreamSchema.isKnown(stream.getStream()))
                      .toList();
              open.putAll(open(streams));
              forget(agent.id(), streams);
              return drain(agent, streams.iterator())
                  .onSuccess(_ -> marks.drained(agent.id(), streams));
            })
        .onComplete(
            drained -> schedule.ended(agent.id(), drained.succeeded(), nanoTime.getAsLong()))
        .onSuccess(
            _ -> {
              registry.polled(agent.id(), began, open);
              polledOnce = true;
            })
        .onFailure(
            failure -> {
              failures.increment();
              String reason = Objects.requireNonNullElse(failure.getMessage(), "" + failure);
              if (registry.pollFailed(agent.id(), reason)) {
                LOG.warn("polling the agent at {} fails: {}", agent.endpoint(), reason);
              }
            })
        .onComplete(drained -> tell(agent.id(), began, drained.succeeded()));
  }

  /// The last epoch of each stream, with its last number; the others get no new rows.
  private static Map<StreamEpoch, Long> open(List<StreamStatus> streams) {
    Map<String, StreamStatus> last = new HashMap<>();
    streams.forEach(stream -> last.put(stream.getStream(), stream));
    Map<StreamEpoch, Long> open = new HashMap<>();
    last.forEach(
        (name, stream) -> open.put(new StreamEpoch(name, stream.getEpoch()), stream.getMaxSeq()));
    return open;
  }

  private Future<Void> drain(Registry.Agent agent, Iterator<StreamStatus> streams) {
    if (!streams.hasNext()) {
      return Future.succeededFuture();
    }
    StreamStatus stream = streams.next();
    return drain(agent, stream, StreamSchema.named(stream.getStream()))
        .transform(
            drained ->
                // One stream that fails does not hold up the others.
                drain(agent, streams)
                    .compose(
                        _ ->
                            drained.failed()
                                ? Future.failedFuture(drained.cause())
                                : Future.succeededFuture()));
  }

  private Future<Void> drain(Registry.Agent agent, StreamStatus stream, StreamSchema schema) {
    KnownSeqs known = history.known(agent.id(), schema, stream.getEpoch());
    PullPlan plan =
        PullPlan.of(stream.getMinSeq(), stream.getMaxSeq(), known, elsewhere(agent, stream));
    if (plan.wentBack()) {
      return Future.failedFuture(
          "its numbers of "
              + schema.name()
              + " went back to "
              + stream.getMaxSeq()
              + " from "
              + known.all().last()
              + ": another agent has its id, or its data are an old copy");
    }
    // Some are noted because a node lost them with its disk, before the agent was asked.
    SeqRanges again =
        known
            .lost()
            .minus(known.deleted())
            .and(SeqRanges.of(Math.max(1, stream.getMinSeq()), stream.getMaxSeq()))
            .minus(askedInVain(agent.id()).getOrDefault(epoch(stream), SeqRanges.NONE));
    return noteGone(agent, schema, stream.getEpoch(), plan.gone())
        .compose(_ -> pull(agent, schema, stream, plan.wanted().plus(again)));
  }

  private static StreamEpoch epoch(StreamStatus stream) {
    return new StreamEpoch(stream.getStream(), stream.getEpoch());
  }

  /// Numbers between the first and the last that an agent has, of which it gave no rows since this
  /// node started.
  private Map<StreamEpoch, SeqRanges> askedInVain(String agentId) {
    return askedInVain.computeIfAbsent(agentId, _ -> new HashMap<>());
  }

  private void forget(String agentId, List<StreamStatus> allBut) {
    askedInVain(agentId).keySet().retainAll(allBut.stream().map(Poller::epoch).toList());
  }

  private KnownSeqs elsewhere(Registry.Agent agent, StreamStatus stream) {
    return nodes.knownToOthers(agent.id(), epoch(stream));
  }

  private Future<?> noteGone(
      Registry.Agent agent, StreamSchema schema, long epoch, SeqRanges gone) {
    return gone.isEmpty()
        ? Future.succeededFuture()
        : history.noteGone(agent.id(), schema, epoch, gone);
  }

  /// Asks for what is wanted, range by range, a page at a time.
  private Future<Void> pull(
      Registry.Agent agent, StreamSchema schema, StreamStatus stream, SeqRanges wanted) {
    if (wanted.isEmpty()) {
      return Future.succeededFuture();
    }
    SeqRanges.Range range = wanted.ranges().getFirst();
    PullRequest request =
        PullRequest.newBuilder()
            .setStream(stream.getStream())
            .setEpoch(stream.getEpoch())
            .setAfterSeq(range.from() - 1)
            .setMaxRows(MAX_ROWS)
            .build();
    Page page = new Page(agent.id(), range.from() - 1, request);
    return agents
        .pull(agent.endpoint(), request, page::add)
        .compose(_ -> page.done)
        .compose(
            _ -> {
              // What lies between the batches, the agent does not have.
              SeqRanges passed = SeqRanges.of(range.from(), Math.min(page.reached, range.to()));
              if (passed.isEmpty()) {
                passed = givesNothing(request, agent, range);
              }
              if (passed.isEmpty()) {
                return Future.failedFuture(
                    "it gives no rows of " + schema.name() + " from " + range.from() + " on");
              }
              SeqRanges missing = passed.minus(page.received);
              if (!missing.isEmpty()) {
                askedInVain(agent.id()).merge(epoch(stream), missing, SeqRanges::plus);
              }
              SeqRanges left = wanted.minus(passed);
              return noteGone(
                      agent,
                      schema,
                      stream.getEpoch(),
                      missing.minus(elsewhere(agent, stream).all()))
                  .compose(_ -> pull(agent, schema, stream, left));
            });
  }

  /// An agent says that it has rows, and gives none.
  ///
  /// @return the numbers that it does not have: none at the first time, since it may have lost
  ///     them just now
  private SeqRanges givesNothing(PullRequest request, Registry.Agent agent, SeqRanges.Range range) {
    Nothing nothing =
        new Nothing(agent.id(), request.getStream(), request.getEpoch(), range.from());
    if (gaveNothing.add(nothing)) {
      return SeqRanges.NONE;
    }
    gaveNothing.remove(nothing);
    return SeqRanges.of(range.from(), range.to());
  }

  /// The batches of one answer.
  private final class Page {
    private final String agentId;
    private final PullRequest request;
    private long reached;
    private SeqRanges received = SeqRanges.NONE;
    private Future<Void> done = Future.succeededFuture();

    Page(String agentId, long afterSeq, PullRequest request) {
      this.agentId = agentId;
      this.reached = afterSeq;
      this.request = request;
    }

    void add(PullResponse response) {
      if (!response.getStream().equals(request.getStream())
          || response.getEpoch() != request.getEpoch()
          || response.getFromSeq() <= reached
          || response.getToSeq() < response.getFromSeq()
          || response.getToSeq() - response.getFromSeq() != response.getRowCount() - 1
          || response.getSeqsCount() > 0) {
        done = done.compose(_ -> Future.failedFuture("it answers what was not asked for"));
        return;
      }
      reached = response.getToSeq();
      received = received.plus(response.getFromSeq(), response.getToSeq());
      Future<Long> stored = history.append(agentId, response);
      done =
          Future.join(done, stored)
              .compose(
                  _ -> {
                    long rowsHeld = stored.result();
                    rows.add(rowsHeld);
                    repeated.add(response.getToSeq() - response.getFromSeq() + 1 - rowsHeld);
                    return Future.succeededFuture();
                  });
    }
  }
}
