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
import io.coral.storage.ColonyStore;
import io.coral.storage.Delivery;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.coral.telemetry.RequestSeries;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Gives [Poller] its timer, the agents and the history. Event loop.
public final class PollVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(PollVerticle.class);
  private static final Duration LIST_DEADLINE = Duration.ofSeconds(5);
  private static final Duration PULL_DEADLINE = Duration.ofSeconds(30);
  private static final long CALLS_MILLIS = 10_000;

  /// How long an answer waits for agents. Less than what makes a node count as slow.
  private static final long FRESHEN_MILLIS = 250;

  private final Poller poller;
  private final ColonyStore store;
  private final long tickMillis;
  private final TraceSampling sampling;
  private final RequestSeries series;
  private final HostCalls calls;
  private RpcClient client;
  private WorkerExecutor writer;
  private HistoryWriter history;

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
    this.store = store;
    this.poller =
        new Poller(registry, nodes, new Agents(), new Kept(), interval, figures, System::nanoTime);
    this.tickMillis = Math.clamp(interval.toMillis() / 20, 20, 100);
    this.series = series;
    this.sampling = new TraceSampling(traceSamplingRate);
    this.calls = new HostCalls(figures.counter("coral_calls_unpaired_total"), nodes::counts);
  }

  @Override
  public Future<?> start() {
    client = new RpcClient(vertx);
    writer = vertx.createSharedWorkerExecutor(ColonyStore.WRITER, 1);
    history = new HistoryWriter(vertx, writer, store, sampling, this::stored);
    vertx.setPeriodic(tickMillis, _ -> poller.pollDue());
    vertx.setPeriodic(CALLS_MILLIS, _ -> storeCalls());
    return Future.succeededFuture();
  }

  /// Stores rows that another node has of an agent; on any thread.
  public Future<Long> store(String agentId, PullResponse rowsOfAgent) {
    Promise<Long> stored = Promise.promise();
    context.runOnContext(_ -> history.append(agentId, rowsOfAgent, false).onComplete(stored));
    return stored.future();
  }

  /// Notes that numbers of an agent have no rows any more; on any thread.
  public Future<?> note(String agentId, StreamEpoch log, LostSeqs lost, SeqRanges deleted) {
    StreamSchema schema = StreamSchema.named(log.stream());
    return writer.executeBlocking(
        () -> {
          store.noteLost(agentId, schema, log.epoch(), lost);
          store.noteDeleted(agentId, schema, log.epoch(), deleted);
          return null;
        },
        true);
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
    return poller.polledOnce();
  }

  /// Polls an agent without waiting for its turn; on any thread.
  public void pollSoon(String agentId) {
    context.runOnContext(_ -> poller.pollSoon(agentId));
  }

  /// Polls some agents now, for an answer that is to have what they have just got; on any thread.
  ///
  /// @return completes when those of them that this node pulls are polled, or do not answer
  ///     [#FRESHEN_MILLIS] later; never fails
  public Future<?> freshen(Collection<String> agentIds) {
    Promise<Object> done = Promise.promise();
    context.runOnContext(
        _ -> {
          long late = vertx.setTimer(FRESHEN_MILLIS, _ -> done.tryComplete());
          poller
              .freshen(agentIds)
              .onComplete(
                  _ -> {
                    vertx.cancelTimer(late);
                    done.tryComplete();
                  });
        });
    return done.future();
  }

  private final class Agents implements Poller.Agents {
    @Override
    public Future<ListStreamsResponse> streams(String endpoint, ListStreamsRequest request) {
      return client.unary(
          endpoint,
          "coral.agent.v1.AgentService/ListStreams",
          request,
          ListStreamsResponse.getDefaultInstance(),
          LIST_DEADLINE);
    }

    @Override
    public Future<Void> pull(String endpoint, PullRequest request, Consumer<PullResponse> batches) {
      return client.stream(
          endpoint,
          "coral.agent.v1.AgentService/Pull",
          request,
          PullResponse.getDefaultInstance(),
          PULL_DEADLINE,
          batches);
    }
  }

  private final class Kept implements Poller.History {
    @Override
    public KnownSeqs known(String agentId, StreamSchema schema, long epoch) {
      return store.known(agentId, schema, epoch);
    }

    @Override
    public Future<?> noteGone(String agentId, StreamSchema schema, long epoch, SeqRanges gone) {
      return writer.executeBlocking(
          () -> {
            store.noteLost(agentId, schema, epoch, LostSeqs.atAnyTime(gone));
            return null;
          },
          true);
    }

    @Override
    public Future<Long> append(String agentId, PullResponse rowsOfAgent) {
      return history.append(agentId, rowsOfAgent, true);
    }
  }

  @Override
  public Future<?> stop() {
    return client.close().eventually(this::storeCalls);
  }
}
