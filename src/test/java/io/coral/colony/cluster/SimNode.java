package io.coral.colony.cluster;

import io.coral.colony.poll.Poller;
import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.colony.v1.NodeNews;
import io.coral.rpc.colony.v1.PartRequest;
import io.coral.rpc.colony.v1.PartResponse;
import io.coral.rpc.colony.v1.RowsRequest;
import io.coral.rpc.colony.v1.RowsResponse;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A node of the colony: what decides in production, over a simulated disk and network.
final class SimNode {
  static final Duration POLL_INTERVAL = Duration.ofSeconds(5);
  static final Duration FRESHNESS = POLL_INTERVAL.plusSeconds(1).multipliedBy(3);

  private static final int REPLICAS = 2;
  private static final long TICK = SimWorld.SECOND;
  private static final long SWEEP = SimStore.DAY / 24;
  private static final long MEMBER_IS_LOST = 5 * SimWorld.SECOND;
  private static final long LIST_DEADLINE = 5 * SimWorld.SECOND;
  private static final long PULL_DEADLINE = 30 * SimWorld.SECOND;
  private static final long ROWS_DEADLINE = 10 * SimWorld.SECOND;
  private static final long FRESHEN = 250 * SimWorld.MILLI;

  /// Unix time when the simulated time begins, the middle of a day.
  static final long BEGIN = 400_000 * SimWorld.HOUR + SimWorld.HOUR / 2;

  final String name;
  private final SimWorld world;
  private final SimLedger ledger;
  private final Map<String, SimNode> all;
  private final Map<String, SimAgent> agents;
  private final boolean plantedBug;
  private final List<Runnable> whileFrozen = new ArrayList<>();
  private SimDisk disk;
  private long clockOffset;
  private int life;
  private boolean isUp;
  private boolean isFrozen;
  private long frozenSince;
  private long upSince;
  private @Nullable Running running;

  SimNode(
      String name,
      SimWorld world,
      SimLedger ledger,
      Map<String, SimNode> all,
      Map<String, SimAgent> agents,
      boolean plantedBug) {
    this.name = name;
    this.world = world;
    this.ledger = ledger;
    this.all = all;
    this.agents = agents;
    this.plantedBug = plantedBug;
    this.disk = new SimDisk(world.random.nextLong(1, Long.MAX_VALUE));
  }

  /// An answer, and what stands behind it.
  ///
  /// @param rows that were counted
  /// @param twice how many of them more than once
  record Answer(Map<SimLedger.Log, SeqRanges> rows, long twice, Completeness completeness) {}

  /// The question was not answered, because the node was stopped.
  static final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  boolean isUp() {
    return isUp;
  }

  boolean isFrozen() {
    return isFrozen;
  }

  int life() {
    return life;
  }

  long upSince() {
    return upSince;
  }

  SimDisk disk() {
    return disk;
  }

  long clockNanos() {
    return BEGIN + world.now() + clockOffset;
  }

  void jumpClock(long nanos) {
    clockOffset += nanos;
  }

  void setClock() {
    clockOffset = 0;
  }

  void start() {
    isUp = true;
    isFrozen = false;
    life++;
    upSince = world.now();
    running = new Running();
  }

  void kill(boolean losesDisk) {
    isUp = false;
    life++;
    running = null;
    whileFrozen.clear();
    isFrozen = false;
    if (losesDisk) {
      // What this node alone found goes with it.
      ledger
          .all()
          .forEach(
              (log, rows) -> {
                if (log.epoch() == disk.ownEpoch) {
                  rows.lostAtSource = true;
                }
              });
      disk = new SimDisk(world.random.nextLong(1, Long.MAX_VALUE));
    }
  }

  void freeze() {
    if (isUp && !isFrozen) {
      isFrozen = true;
      frozenSince = world.now();
    }
  }

  void resume() {
    if (isFrozen) {
      isFrozen = false;
      upSince = world.now();
      List<Runnable> late = List.copyOf(whileFrozen);
      whileFrozen.clear();
      late.forEach(Runnable::run);
    }
  }

  /// Does something after some time, unless the node was stopped.
  private void after(long delay, Runnable action) {
    int mine = life;
    world.after(delay, () -> run(mine, action));
  }

  private void run(int mine, Runnable action) {
    if (mine != life) {
      return;
    }
    if (isFrozen) {
      whileFrozen.add(() -> run(mine, action));
    } else {
      action.run();
    }
  }

  /// A message came. While the node is frozen it waits, until the connection is given up.
  void arrives(Runnable message) {
    if (isUp && !(isFrozen && world.now() - frozenSince > MEMBER_IS_LOST)) {
      run(life, message);
    }
  }

  private Running running() {
    Running now = running;
    if (now == null) {
      throw new StoppedException();
    }
    return now;
  }

  void register(RegisterRequest introduction) {
    running().registry.register(introduction);
    running().poller.pollSoon(introduction.getAgentId());
  }

  boolean heartbeat(String agentId) {
    Registry registry = running().registry;
    boolean known = registry.heartbeat(agentId, List.of());
    if (known && registry.pollsFail(agentId)) {
      running().poller.pollSoon(agentId);
    }
    return known;
  }

  /// Asks this node for everything.
  Answer ask() {
    return running().ask();
  }

  /// What it is known to hold, by what the nodes told this one.
  Map<SimLedger.Log, SeqRanges> heldByViews() {
    Map<SimLedger.Log, SeqRanges> held = new HashMap<>();
    for (NodeView view : running().nodes.views()) {
      view.agents()
          .forEach(
              (agent, of) ->
                  of.seqs()
                      .forEach(
                          (log, seqs) ->
                              held.merge(
                                  new SimLedger.Log(agent, log.stream(), log.epoch()),
                                  seqs.held(),
                                  SeqRanges::plus)));
    }
    return held;
  }

  boolean owns(String agentId) {
    return running().nodes.owns(agentId);
  }

  /// What it knows of the rows of an agent.
  String describe(String agentId) {
    StringBuilder text = new StringBuilder();
    for (NodeView view : running().nodes.views()) {
      text.append("\n  ").append(name).append(" of ").append(view.node());
      text.append(running().nodes.there().contains(view.node()) ? " (there)" : " (not there)");
      view.agents()
          .forEach(
              (agent, of) -> {
                if (!agent.equals(agentId)) {
                  return;
                }
                text.append("\n    ").append(agent);
                text.append(
                    of.drained()
                        ? " drained %.1f s ago"
                            .formatted((double) (world.now() - of.drainedNanos()) / SimWorld.SECOND)
                        : " not drained");
                of.seqs()
                    .forEach(
                        (log, seqs) ->
                            text.append("\n      ")
                                .append(log.stream())
                                .append(" %x: held ".formatted(log.epoch() >>> 48))
                                .append(ranges(seqs.held()))
                                .append(", gone ")
                                .append(ranges(seqs.gone()))
                                .append(", deleted ")
                                .append(ranges(seqs.deleted())));
              });
    }
    return text.toString();
  }

  static String ranges(SeqRanges seqs) {
    StringBuilder text = new StringBuilder("[");
    seqs.ranges()
        .forEach(range -> text.append(' ').append(range.from()).append("..").append(range.to()));
    return text.append(" ]").toString();
  }

  /// From a start to a stop.
  private final class Running implements Poller.Agents, Poller.History, Membership {
    private final SimStore store;
    private final Registry registry;
    private final Nodes nodes;
    private final Poller poller;
    private final Backfill backfill;
    private final NewsFeed feed = new NewsFeed();
    private final Set<String> members = new TreeSet<>();
    private final Map<String, Long> connectedSince = new HashMap<>();
    private final Map<String, Long> cutSince = new HashMap<>();
    private final Map<Long, Map<SimLedger.Log, SeqRanges>> parts = new HashMap<>();
    private final Map<Long, Long> repeated = new HashMap<>();
    private final Queue<Runnable> transactions = new ArrayDeque<>();
    private boolean writes;
    private boolean fills;
    private long partNumber;

    Running() {
      store = new SimStore(disk, ledger, SimNode.this::clockNanos, "colony:" + name, plantedBug);
      registry =
          new Registry(
              new NodeClock(),
              world::now,
              List.copyOf(disk.agents.values()),
              agent -> transaction(() -> disk.agents.put(agent.agentId(), agent)));
      members.add(name);
      nodes =
          new Nodes(
              this,
              all.size(),
              REPLICAS,
              registry,
              store,
              "1",
              world.random.nextLong(),
              world::now);
      poller = new Poller(registry, nodes, this, this, POLL_INTERVAL, new Figures(), world::now);
      backfill =
          new Backfill(
              nodes,
              registry,
              FRESHNESS,
              this::rowsOf,
              this::append,
              this::noted,
              new LongAdder(),
              world::now);
      store.sweep();
      periodically(TICK, poller::pollDue);
      periodically(NewsFeed.INTERVAL_MILLIS * SimWorld.MILLI, this::tell);
      periodically(SimWorld.SECOND, this::fill);
      periodically(SWEEP, () -> transaction(store::sweep));
      periodically(SimWorld.SECOND, this::watch);
      periodically(7 * SimWorld.SECOND, this::findSomething);
    }

    private void periodically(long interval, Runnable action) {
      after(
          world.between(0, interval),
          new Runnable() {
            @Override
            public void run() {
              after(interval, this);
              action.run();
            }
          });
    }

    // The cluster.

    @Override
    public String self() {
      return name;
    }

    @Override
    public Set<String> members() {
      return members;
    }

    @Override
    public void onChange(Runnable action) {
      throw new UnsupportedOperationException();
    }

    private void watch() {
      boolean changed = false;
      for (SimNode other : all.values()) {
        if (other == SimNode.this) {
          continue;
        }
        boolean connected = other.isUp && !other.isFrozen && world.connected(name, other.name);
        if (connected) {
          cutSince.remove(other.name);
          long since = connectedSince.computeIfAbsent(other.name, _ -> world.now());
          long young = Math.max(other.upSince, upSince);
          long joins = since - young < 3 * SimWorld.SECOND ? SimWorld.SECOND : 6 * SimWorld.SECOND;
          if (world.now() - since >= joins && members.add(other.name)) {
            changed = true;
          }
        } else {
          connectedSince.remove(other.name);
          long since = cutSince.computeIfAbsent(other.name, _ -> world.now());
          if (world.now() - since >= MEMBER_IS_LOST && members.remove(other.name)) {
            changed = true;
          }
        }
      }
      if (changed) {
        feed.tellAll();
        tell();
      }
    }

    private void hear(NodeNews news) {
      if (nodes.heard(news)) {
        feed.tellAll();
      }
    }

    private void tell() {
      if (members.size() < 2) {
        return;
      }
      NodeNews news = feed.next(nodes.news());
      for (SimNode other : all.values()) {
        if (other != SimNode.this && members.contains(other.name)) {
          world.send(name, other.name, () -> other.arrives(() -> other.running().hear(news)));
        }
      }
    }

    // Calls.

    /// Calls an agent or a node.
    private <T> Future<T> call(String to, long deadline, Consumer<Consumer<Supplier<T>>> atTarget) {
      Promise<T> promise = Promise.promise();
      int mine = life;
      world.send(
          name,
          to,
          () ->
              atTarget.accept(
                  answer ->
                      world.send(
                          to,
                          name,
                          () ->
                              SimNode.this.run(
                                  mine,
                                  () -> {
                                    try {
                                      promise.tryComplete(answer.get());
                                    } catch (IllegalStateException e) {
                                      promise.tryFail(e);
                                    }
                                  }))));
      after(deadline, () -> promise.tryFail("no answer in time"));
      return promise.future();
    }

    private SimAgent agent(String endpoint) {
      SimAgent agent = agents.get(endpoint);
      if (agent == null) {
        throw new IllegalArgumentException(endpoint);
      }
      return agent;
    }

    @Override
    public Future<ListStreamsResponse> streams(String endpoint, ListStreamsRequest request) {
      SimAgent agent = agent(endpoint);
      return call(
          endpoint,
          LIST_DEADLINE,
          reply -> {
            if (agent.isUp()) {
              ListStreamsResponse list = agent.list();
              reply.accept(() -> list);
            } else {
              reply.accept(
                  () -> {
                    throw new IllegalStateException("connection refused");
                  });
            }
          });
    }

    @Override
    public Future<Void> pull(String endpoint, PullRequest request, Consumer<PullResponse> batches) {
      SimAgent agent = agent(endpoint);
      Promise<Void> promise = Promise.promise();
      world.send(
          name,
          endpoint,
          () -> {
            if (!agent.isUp()) {
              return;
            }
            give(agent, List.copyOf(agent.pull(request)), 0, batches, promise);
          });
      after(PULL_DEADLINE, () -> promise.tryFail("no answer in time"));
      return promise.future();
    }

    /// One batch behind the other, as a connection gives them.
    private void give(
        SimAgent agent,
        List<PullResponse> answer,
        int at,
        Consumer<PullResponse> batches,
        Promise<Void> promise) {
      int mine = life;
      boolean[] came = {false};
      world.send(
          agent.id,
          name,
          () ->
              SimNode.this.run(
                  mine,
                  () -> {
                    if (came[0] || promise.future().isComplete()) {
                      return;
                    }
                    came[0] = true;
                    if (at == answer.size()) {
                      promise.tryComplete();
                    } else {
                      batches.accept(answer.get(at));
                      give(agent, answer, at + 1, batches, promise);
                    }
                  }));
    }

    private Future<RowsResponse> rowsOf(String node, long incarnation, RowsRequest request) {
      SimNode other = other(node);
      if (!members.contains(node)) {
        return Future.failedFuture("no handler");
      }
      return call(
          node,
          ROWS_DEADLINE,
          reply ->
              other.arrives(
                  () -> {
                    if (other.running().nodes.incarnation() != incarnation) {
                      return;
                    }
                    RowsResponse rows =
                        other.running().store.rows(request, 1 + world.random.nextInt(400));
                    reply.accept(() -> rows);
                  }));
    }

    private SimNode other(String node) {
      SimNode other = all.get(node);
      if (other == null) {
        throw new IllegalArgumentException(node);
      }
      return other;
    }

    private void fill() {
      if (fills || members.size() < 2) {
        return;
      }
      fills = true;
      backfill.run(backfill.look()).onComplete(_ -> fills = false);
    }

    // The history: transactions one after the other, each of which may be the last.

    private void transaction(Runnable work) {
      transactions.add(work);
      if (!writes) {
        writes = true;
        after(world.between(0, 20 * SimWorld.MILLI), this::write);
      }
    }

    private void write() {
      Runnable next = transactions.remove();
      next.run();
      if (transactions.isEmpty()) {
        writes = false;
      } else {
        after(world.between(0, 20 * SimWorld.MILLI), this::write);
      }
    }

    private <T> Future<T> written(Supplier<T> work) {
      Promise<T> promise = Promise.promise();
      transaction(
          () -> {
            T result = work.get();
            after(world.between(0, SimWorld.MILLI), () -> promise.complete(result));
          });
      return promise.future();
    }

    @Override
    public KnownSeqs known(String agentId, StreamSchema schema, long epoch) {
      return store.known(agentId, schema.name(), epoch);
    }

    @Override
    public Future<?> noteGone(String agentId, StreamSchema schema, long epoch, SeqRanges gone) {
      return written(
          () -> {
            store.noteLost(agentId, schema.name(), epoch, LostSeqs.atAnyTime(gone));
            return true;
          });
    }

    private Future<?> noted(String agentId, StreamEpoch log, LostSeqs lost, SeqRanges deleted) {
      return written(
          () -> {
            store.noteLost(agentId, log.stream(), log.epoch(), lost);
            store.noteDeleted(agentId, log.stream(), log.epoch(), deleted);
            return true;
          });
    }

    @Override
    public Future<Long> append(String agentId, PullResponse rowsOfAgent) {
      return written(
          () -> store.append(agentId, rowsOfAgent, later -> after(100 * SimWorld.MILLI, later)));
    }

    private void findSomething() {
      if (registry.agents().size() > 1) {
        transaction(
            () ->
                store.appendOwn(
                    world.chance(0.5)
                        ? StreamSchema.TRACE_ALIASES.name()
                        : StreamSchema.SERVICE_CALLS.name(),
                    world.now()));
      }
    }

    // Answers.

    /// Polls the agents first if it is to, for a while.
    private Future<PartResponse> freshAnswer(Running asker, PartRequest request) {
      Promise<PartResponse> promise = Promise.promise();
      Runnable answer =
          () -> {
            if (!promise.future().isComplete()) {
              promise.complete(answer(asker, request));
            }
          };
      if (request.getFresh()) {
        after(FRESHEN, answer);
        poller.freshen(request.getAgentsList()).onComplete(_ -> answer.run());
      } else {
        answer.run();
      }
      return promise.future();
    }

    private PartResponse own(PartRequest request) {
      CompletableFuture<PartResponse> part =
          freshAnswer(this, request).toCompletionStage().toCompletableFuture();
      return Objects.requireNonNull(await(part, Long.MAX_VALUE / 4));
    }

    private PartResponse answer(Running asker, PartRequest request) {
      Set<String> ids = new HashSet<>(request.getAgentsList());
      long number = ++asker.partNumber;
      asker.parts.put(number, store.rows(ids));
      asker.repeated.put(number, disk.repeated);
      return PartResponse.newBuilder().setCount(number).build();
    }

    private CompletableFuture<PartResponse> part(
        String node, long incarnation, PartRequest request) {
      SimNode other = other(node);
      if (!members.contains(node)) {
        return CompletableFuture.failedFuture(new IllegalStateException("no handler"));
      }
      CompletableFuture<PartResponse> future = new CompletableFuture<>();
      Running asker = this;
      this.<PartResponse>call(
              node,
              Scatter.DEADLINE.toNanos(),
              reply ->
                  other.arrives(
                      () -> {
                        if (other.running().nodes.incarnation() != incarnation) {
                          return;
                        }
                        other
                            .running()
                            .freshAnswer(asker, request)
                            .onSuccess(part -> reply.accept(() -> part));
                      }))
          .onComplete(future::complete, future::completeExceptionally);
      return future;
    }

    private @Nullable PartResponse await(CompletableFuture<PartResponse> part, long nanos) {
      int mine = life;
      long deadline = world.now() + nanos;
      world.runUntil(
          Long.MAX_VALUE / 4,
          () -> mine != life || (!isFrozen && (part.isDone() || world.now() >= deadline)));
      if (mine != life) {
        throw new StoppedException();
      }
      return part.isDone() && !part.isCompletedExceptionally() ? part.getNow(null) : null;
    }

    Answer ask() {
      parts.clear();
      repeated.clear();
      Scatter scatter =
          new Scatter(
              nodes,
              this::own,
              this::part,
              FRESHNESS,
              registry::displayName,
              world::now,
              this::await);
      Map<SimLedger.Log, SeqRanges> rows = new HashMap<>();
      long twice = 0;
      PartRequest.Builder question = PartRequest.newBuilder().setFresh(world.chance(0.5));
      for (PartResponse part : scatter.ask(question)) {
        Map<SimLedger.Log, SeqRanges> of = parts.getOrDefault(part.getCount(), Map.of());
        twice += repeated.getOrDefault(part.getCount(), 0L);
        for (Map.Entry<SimLedger.Log, SeqRanges> each : of.entrySet()) {
          SeqRanges before = rows.getOrDefault(each.getKey(), SeqRanges.NONE);
          twice += before.and(each.getValue()).size();
          rows.put(each.getKey(), before.plus(each.getValue()));
        }
      }
      return new Answer(rows, twice, scatter.completeness(0, clockNanos()));
    }
  }

  private final class NodeClock extends Clock {
    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochSecond(0, clockNanos());
    }
  }
}
