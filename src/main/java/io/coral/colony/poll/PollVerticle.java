package io.coral.colony.poll;

import io.coral.colony.cluster.Nodes;
import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.RpcClient;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.storage.ColonyStore;
import io.coral.storage.Delivery;
import io.coral.storage.KnownSeqs;
import io.coral.telemetry.Figures;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop. Agents are asked in parallel as [PollSchedule] says; a slow one delays nobody.
public final class PollVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(PollVerticle.class);
  private static final Duration LIST_DEADLINE = Duration.ofSeconds(5);
  private static final Duration PULL_DEADLINE = Duration.ofSeconds(30);
  private static final int MAX_ROWS = 10_000;
  private static final int MOST_AT_ONCE = 64;
  private static final long CALLS_MILLIS = 10_000;

  private final Registry registry;
  private final Nodes nodes;
  private final ColonyStore store;
  private final long tickMillis;
  private final TraceSampling sampling;
  private final RequestSeries series;
  private final HostCalls calls;
  private final LongAdder rows;
  private final LongAdder repeated;
  private final LongAdder failures;
  private final PollSchedule schedule;
  private RpcClient client;
  private WorkerExecutor writer;
  private HistoryWriter history;
  private volatile boolean polledOnce;

  /// @param traceSamplingRate share of traces that is kept, 0 to 1
  /// @param series is told of every row that is stored
  public PollVerticle(
      Registry registry,
      Nodes nodes,
      ColonyStore store,
      Duration interval,
      double traceSamplingRate,
      Figures figures,
      RequestSeries series) {
    this.registry = registry;
    this.nodes = nodes;
    this.store = store;
    this.schedule = new PollSchedule(interval.toNanos(), MOST_AT_ONCE);
    this.tickMillis = Math.clamp(interval.toMillis() / 20, 20, 100);
    this.series = series;
    this.sampling = new TraceSampling(traceSamplingRate);
    this.calls = new HostCalls(figures.counter("coral_calls_unpaired_total"), nodes::counts);
    this.rows = figures.counter("coral_pulled_rows_total");
    this.repeated = figures.counter("coral_pulled_rows_repeated_total");
    this.failures = figures.counter("coral_poll_failures_total");
  }

  @Override
  public Future<?> start() {
    client = new RpcClient(vertx);
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    history = new HistoryWriter(writer, store, sampling, this::stored);
    vertx.setPeriodic(tickMillis, _ -> pollDue());
    vertx.setPeriodic(CALLS_MILLIS, _ -> storeCalls());
    return Future.succeededFuture();
  }

  /// Stores rows that another node has of an agent; on any thread.
  public Future<Long> store(String agentId, PullResponse rowsOfAgent) {
    Promise<Long> stored = Promise.promise();
    context.runOnContext(_ -> history.append(agentId, rowsOfAgent, false).onComplete(stored));
    return stored.future();
  }

  /// On the history's writer thread.
  private void stored(Delivery delivery) {
    series.add(delivery.rows().batch(), delivery.keep());
    calls.add(delivery.agentId(), delivery.rows().batch(), delivery.keep());
  }

  private Future<?> storeCalls() {
    return writer
        .executeBlocking(
            () -> {
              calls.flush(store);
              return true;
            },
            true)
        .onFailure(failure -> LOG.warn("calls between hosts are not stored", failure));
  }

  /// Whether every stream of some agent was drained once; safe on any thread.
  public boolean polledOnce() {
    return polledOnce;
  }

  /// Polls an agent without waiting for its turn; on any thread.
  public void pollSoon(String agentId) {
    context.runOnContext(
        _ -> {
          schedule.soon(agentId, System.nanoTime());
          pollDue();
        });
  }

  private void pollDue() {
    Map<String, Registry.Agent> agents =
        registry.reachable().stream()
            .filter(agent -> nodes.owns(agent.id()))
            .collect(Collectors.toMap(Registry.Agent::id, agent -> agent));
    for (String due : schedule.begin(agents.keySet(), System.nanoTime())) {
      poll(Objects.requireNonNull(agents.get(due)));
    }
  }

  private void poll(Registry.Agent agent) {
    long began = System.nanoTime();
    client
        .unary(
            agent.endpoint(),
            "coral.agent.v1.AgentService/ListStreams",
            ListStreamsRequest.getDefaultInstance(),
            ListStreamsResponse.getDefaultInstance(),
            LIST_DEADLINE)
        .compose(streams -> drain(agent, streams.getStreamsList().iterator()))
        .onComplete(drained -> schedule.ended(agent.id(), drained.succeeded(), System.nanoTime()))
        .onSuccess(
            _ -> {
              registry.polled(agent.id(), began);
              polledOnce = true;
            })
        .onFailure(
            failure -> {
              failures.increment();
              String reason = Objects.requireNonNullElse(failure.getMessage(), "" + failure);
              if (registry.pollFailed(agent.id(), reason)) {
                LOG.warn("polling the agent at {} fails: {}", agent.endpoint(), reason);
              }
            });
  }

  private Future<Void> drain(Registry.Agent agent, Iterator<StreamStatus> streams) {
    if (!streams.hasNext()) {
      return Future.succeededFuture();
    }
    StreamStatus stream = streams.next();
    StreamSchema schema;
    try {
      schema = StreamSchema.named(stream.getStream());
    } catch (IllegalArgumentException e) {
      // A newer agent has streams that this colony does not know.
      return drain(agent, streams);
    }
    return drain(agent, stream, schema)
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
    KnownSeqs known = store.known(agent.id(), schema, stream.getEpoch());
    PullPlan plan =
        PullPlan.of(
            stream.getMinSeq(),
            stream.getMaxSeq(),
            known,
            nodes.heldByOthers(agent.id(), schema.name(), stream.getEpoch()),
            store.knows(agent.id()));
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
    return note(agent, schema, stream.getEpoch(), plan)
        .compose(_ -> pull(agent, schema, stream, plan.wanted()));
  }

  private Future<Void> note(Registry.Agent agent, StreamSchema schema, long epoch, PullPlan plan) {
    if (plan.gone().isEmpty() && plan.before().isEmpty()) {
      return Future.succeededFuture();
    }
    return writer.executeBlocking(
        () -> {
          store.note(agent.id(), schema, epoch, plan.gone(), KnownSeqs.Why.GONE);
          store.note(agent.id(), schema, epoch, plan.before(), KnownSeqs.Why.BEFORE);
          return null;
        },
        true);
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
    return client.stream(
            agent.endpoint(),
            "coral.agent.v1.AgentService/Pull",
            request,
            PullResponse.getDefaultInstance(),
            PULL_DEADLINE,
            page::add)
        .compose(_ -> page.done)
        .compose(
            _ -> {
              // What lies between the batches, the agent does not have.
              SeqRanges passed = SeqRanges.of(range.from(), Math.min(page.reached, range.to()));
              SeqRanges missing = passed.minus(page.received);
              if (page.reached < range.from()) {
                // It ended meanwhile, or begins behind the range.
                return Future.succeededFuture();
              }
              return note(
                      agent,
                      schema,
                      stream.getEpoch(),
                      new PullPlan(SeqRanges.NONE, missing, SeqRanges.NONE, false))
                  .compose(_ -> pull(agent, schema, stream, wanted.minus(passed)));
            });
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
          || response.getToSeq() < response.getFromSeq()) {
        done = done.compose(_ -> Future.failedFuture("it answers what was not asked for"));
        return;
      }
      reached = response.getToSeq();
      received = received.plus(response.getFromSeq(), response.getToSeq());
      Future<Long> stored = history.append(agentId, response, true);
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

  @Override
  public Future<?> stop() {
    return client.close().eventually(this::storeCalls);
  }
}
