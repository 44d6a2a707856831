package io.coral.colony.poll;

import io.coral.colony.registry.Registry;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.RpcClient;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.storage.ColonyStore;
import io.coral.storage.NumberedBatch;
import io.coral.telemetry.Figures;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntPredicate;
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
  private volatile boolean polledOnce;

  /// @param traceSamplingRate share of traces that is kept, 0 to 1
  /// @param series is told of every row that is stored
  public PollVerticle(
      Registry registry,
      ColonyStore store,
      Duration interval,
      double traceSamplingRate,
      Figures figures,
      RequestSeries series) {
    this.registry = registry;
    this.store = store;
    this.schedule = new PollSchedule(interval.toNanos(), MOST_AT_ONCE);
    this.tickMillis = Math.clamp(interval.toMillis() / 20, 20, 100);
    this.series = series;
    this.sampling = new TraceSampling(traceSamplingRate);
    this.calls = new HostCalls(figures.counter("coral_calls_unpaired_total"));
    this.rows = figures.counter("coral_pulled_rows_total");
    this.repeated = figures.counter("coral_pulled_rows_repeated_total");
    this.failures = figures.counter("coral_poll_failures_total");
  }

  @Override
  public Future<?> start() {
    client = new RpcClient(vertx);
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    vertx.setPeriodic(tickMillis, _ -> pollDue());
    vertx.setPeriodic(CALLS_MILLIS, _ -> storeCalls());
    return Future.succeededFuture();
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
        registry.reachable().stream().collect(Collectors.toMap(Registry.Agent::id, agent -> agent));
    for (String due : schedule.begin(agents.keySet(), System.nanoTime())) {
      poll(Objects.requireNonNull(agents.get(due)));
    }
  }

  private void poll(Registry.Agent agent) {
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
              registry.polled(agent.id());
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
    return writer
        .executeBlocking(() -> store.checkpoints(agent.id(), schema), true)
        .compose(
            checkpoints -> {
              ColonyStore.Checkpoint checkpoint = checkpoints.get(stream.getEpoch());
              long seq = checkpoint == null ? 0 : checkpoint.seq();
              if (stream.getMaxSeq() <= seq) {
                return Future.succeededFuture();
              }
              return stream.getMinSeq() > stream.getMaxSeq()
                  ? skipExpired(agent, stream, schema)
                  : pull(agent, stream, seq);
            });
  }

  private Future<Void> skipExpired(Registry.Agent agent, StreamStatus stream, StreamSchema schema) {
    ColumnBatch none = new ColumnBatch.Builder(schema, 0).build();
    return writer
        .executeBlocking(
            () ->
                store.append(
                    agent.id(),
                    new NumberedBatch(
                        schema.name(), stream.getEpoch(), stream.getMaxSeq() + 1, none),
                    _ -> true),
            true)
        .mapEmpty();
  }

  private Future<Void> pull(Registry.Agent agent, StreamStatus stream, long afterSeq) {
    AtomicLong reached = new AtomicLong(afterSeq);
    Appending appending = new Appending(agent.id());
    PullRequest request =
        PullRequest.newBuilder()
            .setStream(stream.getStream())
            .setEpoch(stream.getEpoch())
            .setAfterSeq(afterSeq)
            .setMaxRows(MAX_ROWS)
            .build();
    return client.stream(
            agent.endpoint(),
            "coral.agent.v1.AgentService/Pull",
            request,
            PullResponse.getDefaultInstance(),
            PULL_DEADLINE,
            response -> {
              reached.set(response.getToSeq());
              appending.add(response);
            })
        .compose(_ -> appending.done)
        .compose(
            _ ->
                reached.get() > afterSeq
                    ? pull(agent, stream, reached.get())
                    : Future.succeededFuture());
  }

  /// Stores the batches of one answer in their order.
  private final class Appending {
    private final String agentId;
    private Future<Void> done = Future.succeededFuture();

    Appending(String agentId) {
      this.agentId = agentId;
    }

    void add(PullResponse response) {
      done =
          done.compose(
              _ ->
                  writer.<Void>executeBlocking(
                      () -> {
                        ColumnBatch batch = ColumnBatchCodec.decode(response);
                        IntPredicate kept = sampling.keep(batch);
                        boolean stored =
                            store.append(
                                agentId,
                                new NumberedBatch(
                                    response.getStream(),
                                    response.getEpoch(),
                                    response.getFromSeq(),
                                    batch),
                                kept);
                        if (stored) {
                          series.add(batch, kept);
                          calls.add(agentId, batch, kept);
                        }
                        (stored ? rows : repeated).add(batch.rows());
                        return null;
                      },
                      true));
    }
  }

  @Override
  public Future<?> stop() {
    return client.close().eventually(this::storeCalls);
  }
}
