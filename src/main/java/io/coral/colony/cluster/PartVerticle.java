package io.coral.colony.cluster;

import io.coral.answer.History;
import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.colony.v1.PartRequest;
import io.coral.rpc.colony.v1.PartResponse;
import io.coral.rpc.colony.v1.RowsRequest;
import io.coral.rpc.colony.v1.RowsResponse;
import io.coral.storage.ColonyStore;
import io.coral.storage.NumberedBatch;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Answers what other nodes ask, on workers of its own, because those of this node wait for the
/// other nodes; and gives out what all of them have. Event loop.
public final class PartVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(PartVerticle.class);
  private static final int WORKERS = 3;
  private static final int MOST_ROWS = 10_000;
  private static final int MOST_BYTES = 8 << 20;
  private static final int FAILURE = 1;

  private final Nodes nodes;
  private final Registry registry;
  private final ColonyStore store;
  private final Duration freshness;
  private final Clock clock;
  private final Function<Collection<String>, Future<?>> freshen;
  private final Parts parts;
  private WorkerExecutor workers;

  /// @param freshness an agent counts as silent when the last poll that drained it is older
  /// @param freshen polls agents before an answer; does not fail, and does not take long
  public PartVerticle(
      Nodes nodes,
      Registry registry,
      ColonyStore store,
      Duration freshness,
      Function<Collection<String>, Future<?>> freshen,
      Clock clock) {
    this.nodes = nodes;
    this.registry = registry;
    this.store = store;
    this.freshness = freshness;
    this.freshen = freshen;
    this.clock = clock;
    this.parts = new Parts(store);
  }

  @Override
  public Future<?> start() {
    workers = vertx.createSharedWorkerExecutor("coral-parts", WORKERS);
    ProtobufCodec.register(vertx.eventBus(), PartRequest.getDefaultInstance());
    ProtobufCodec.register(vertx.eventBus(), PartResponse.getDefaultInstance());
    ProtobufCodec.register(vertx.eventBus(), RowsRequest.getDefaultInstance());
    ProtobufCodec.register(vertx.eventBus(), RowsResponse.getDefaultInstance());
    vertx
        .eventBus()
        .<PartRequest>consumer(
            partAddress(nodes.self(), nodes.incarnation()),
            message ->
                reply(message, freshened(message.body()), () -> parts.answer(message.body())));
    vertx
        .eventBus()
        .<RowsRequest>consumer(
            rowsAddress(nodes.self(), nodes.incarnation()),
            message -> reply(message, Future.succeededFuture(), () -> rows(message.body())));
    return Future.succeededFuture();
  }

  private static String partAddress(String node, long incarnation) {
    return address(node, incarnation) + ".part";
  }

  static String rowsAddress(String node, long incarnation) {
    return address(node, incarnation) + ".rows";
  }

  /// Of a node from its start to its end: what started again may have lost what is asked for.
  private static String address(String node, long incarnation) {
    return "coral.node." + node + "." + Long.toHexString(incarnation);
  }

  private Future<?> freshened(PartRequest request) {
    return request.getFresh() ? freshen.apply(request.getAgentsList()) : Future.succeededFuture();
  }

  private PartResponse own(PartRequest request) {
    freshened(request).toCompletionStage().toCompletableFuture().join();
    return parts.answer(request);
  }

  private void reply(Message<?> message, Future<?> before, Callable<?> work) {
    before
        .compose(_ -> workers.executeBlocking(work, false))
        .onSuccess(message::reply)
        .onFailure(
            failure -> {
              LOG.error("another node's question is not answered", failure);
              message.fail(FAILURE, String.valueOf(failure.getMessage()));
            });
  }

  /// Fewer rows where they are large.
  private RowsResponse rows(RowsRequest request) {
    StreamSchema schema = StreamSchema.named(request.getStream());
    SeqRanges.Range range = new SeqRanges.Range(request.getFromSeq(), request.getToSeq());
    int most = MOST_ROWS;
    while (true) {
      NumberedBatch batch =
          store.rows(request.getAgentId(), schema, request.getEpoch(), range, most);
      if (batch == null) {
        return RowsResponse.getDefaultInstance();
      }
      PullResponse.Builder rows =
          PullResponse.newBuilder()
              .setStream(batch.stream())
              .setEpoch(batch.epoch())
              .setFromSeq(batch.firstSeq())
              .setToSeq(batch.lastSeq());
      for (int row = 0; row < batch.batch().rows(); row++) {
        rows.addSeqs(batch.seq(row));
      }
      ColumnBatchCodec.encode(batch.batch(), rows);
      PullResponse message = rows.build();
      if (message.getSerializedSize() <= MOST_BYTES || most == 1) {
        return RowsResponse.newBuilder().setRows(message).build();
      }
      most = Math.max(1, most / 4);
    }
  }

  /// What all nodes have, for one answer. Any thread; does not block.
  public History history() {
    var now = clock.instant();
    return new ClusterHistory(
        new Scatter(
            nodes,
            this::own,
            this::ask,
            freshness,
            this::displayName,
            System::nanoTime,
            Scatter::block),
        now.getEpochSecond() * 1_000_000_000L + now.getNano());
  }

  private String displayName(String agentId) {
    return registry.displayName(agentId);
  }

  private CompletableFuture<PartResponse> ask(String node, long incarnation, PartRequest request) {
    return vertx
        .eventBus()
        .<PartResponse>request(
            partAddress(node, incarnation),
            request,
            new DeliveryOptions().setSendTimeout(Scatter.DEADLINE.toMillis()))
        .map(Message::body)
        .toCompletionStage()
        .toCompletableFuture();
  }
}
