package io.coral.bench;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.RpcClient;
import io.coral.rpc.RpcServer;
import io.coral.rpc.RpcService;
import io.coral.rpc.agent.v1.AgentProto;
import io.coral.rpc.agent.v1.AgentStatus;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.rpc.mesh.v1.GetStatusRequest;
import io.coral.rpc.mesh.v1.HeartbeatRequest;
import io.coral.rpc.mesh.v1.HeartbeatResponse;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.RegisterResponse;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Many agents in one process that have nothing but numbered rows, for a colony to pull:
/// `ManyAgents COLONY AGENTS ROWS_PER_SECOND FROZEN SECONDS`. The first `FROZEN` of them take
/// connections and never answer. Prints how many rows there are, which share of them was asked
/// for and, of the others, the time between two polls and how long a poll takes. For
/// `bench/pull`.
public final class ManyAgents {
  private static final int SERIES = 10;

  private final Vertx vertx;
  private final RpcClient client;
  private final String colony;
  private final double rowsPerSecond;
  private final long began = System.nanoTime();
  private final List<Agent> agents = new ArrayList<>();
  private boolean measures;

  private ManyAgents(Vertx vertx, String colony, double rowsPerSecond) {
    this.vertx = vertx;
    this.client = new RpcClient(vertx);
    this.colony = colony;
    this.rowsPerSecond = rowsPerSecond;
  }

  private final class Agent {
    private final String id;
    private final boolean frozen;
    private final long epoch;
    private final List<Long> betweenPolls = new ArrayList<>();
    private final List<Long> polls = new ArrayList<>();
    private long listed;
    private long ended;
    private long pulled;

    Agent(int number, boolean frozen) {
      this.id = "simulated-%04d".formatted(number);
      this.frozen = frozen;
      this.epoch = 1L + number;
    }

    Future<Void> start() {
      RpcService service =
          new RpcService(AgentProto.getDescriptor().findServiceByName("AgentService"));
      service
          .unary(
              "GetStatus",
              GetStatusRequest.getDefaultInstance(),
              AgentStatus.getDefaultInstance(),
              _ -> Future.succeededFuture(AgentStatus.newBuilder().setAgentId(id).build()))
          .unary(
              "ListStreams",
              ListStreamsRequest.getDefaultInstance(),
              ListStreamsResponse.getDefaultInstance(),
              _ -> frozen ? Promise.<ListStreamsResponse>promise().future() : list())
          .streaming(
              "Pull",
              PullRequest.getDefaultInstance(),
              PullResponse.getDefaultInstance(),
              this::pull);
      return new RpcServer(vertx, List.of(service), () -> true)
          .listen("127.0.0.1", 0)
          .compose(server -> register(server.actualPort()));
    }

    private Future<Void> register(int port) {
      return client
          .unary(
              colony,
              "coral.mesh.v1.MeshService/Register",
              RegisterRequest.newBuilder()
                  .setAgentId(id)
                  .setDisplayName(id)
                  .setApiEndpoint("127.0.0.1:" + port)
                  .build(),
              RegisterResponse.getDefaultInstance(),
              Duration.ofMinutes(2))
          .mapEmpty();
    }

    private long lastSeq() {
      return (long) ((System.nanoTime() - began) / 1e9 * rowsPerSecond);
    }

    private Future<ListStreamsResponse> list() {
      long now = System.nanoTime();
      if (measures && listed > 0) {
        betweenPolls.add(now - listed);
        if (ended > listed) {
          polls.add(ended - listed);
        }
      }
      listed = now;
      return Future.succeededFuture(
          ListStreamsResponse.newBuilder()
              .addStreams(
                  StreamStatus.newBuilder()
                      .setStream(StreamSchema.HTTP_METRICS.name())
                      .setEpoch(epoch)
                      .setMinSeq(1)
                      .setMaxSeq(lastSeq()))
              .build());
    }

    private Future<Void> pull(PullRequest request, RpcService.Sink sink) {
      long last = Math.min(lastSeq(), request.getAfterSeq() + request.getMaxRows());
      if (last <= request.getAfterSeq()) {
        return Future.succeededFuture();
      }
      pulled += last - request.getAfterSeq();
      PullResponse.Builder response =
          PullResponse.newBuilder()
              .setStream(request.getStream())
              .setEpoch(epoch)
              .setFromSeq(request.getAfterSeq() + 1)
              .setToSeq(last);
      ColumnBatchCodec.encode(rows((int) (last - request.getAfterSeq())), response);
      return sink.write(response.build()).onSuccess(_ -> ended = System.nanoTime());
    }

    private ColumnBatch rows(int count) {
      ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, count);
      long window = System.currentTimeMillis() / 10_000 * 10_000_000_000L;
      for (int i = 0; i < count; i++) {
        LatencyHistogram histogram = new LatencyHistogram();
        histogram.record(1_000_000L + i);
        histogram.record(3_000_000L);
        rows.add(window)
            .add("service-" + id)
            .add(1)
            .add("GET")
            .add("/route/" + i % SERIES)
            .add(200)
            .add("")
            .add(2)
            .add(4_000_000L)
            .add(100)
            .add(200)
            .add(window)
            .add(histogram.offset())
            .add(histogram.sparseCounts())
            .add("route")
            .add("{}")
            .add("http")
            .add(0)
            .add("captured")
            .add(1);
      }
      return rows.build();
    }

    void heartbeat() {
      client.unary(
          colony,
          "coral.mesh.v1.MeshService/Heartbeat",
          HeartbeatRequest.newBuilder().setAgentId(id).build(),
          HeartbeatResponse.getDefaultInstance(),
          Duration.ofSeconds(5));
    }
  }

  public static void main(String[] args) throws Exception {
    Vertx vertx = Vertx.vertx();
    ManyAgents many = new ManyAgents(vertx, args[0], Double.parseDouble(args[2]));
    many.run(Integer.parseInt(args[1]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
    System.exit(0);
  }

  private void run(int count, int frozen, int seconds) throws Exception {
    Promise<Void> started = Promise.promise();
    vertx.runOnContext(
        _ -> {
          for (int i = 0; i < count; i++) {
            agents.add(new Agent(i, i < frozen));
          }
          Future.all(agents.stream().map(Agent::start).toList())
              .<Void>mapEmpty()
              .onComplete(started);
          vertx.setPeriodic(15_000, _ -> agents.forEach(Agent::heartbeat));
        });
    started.future().toCompletionStage().toCompletableFuture().get(300, TimeUnit.SECONDS);
    System.out.println("started");
    Thread.sleep(Duration.ofSeconds(10));
    measures = true;
    System.out.println("measuring");
    Thread.sleep(Duration.ofSeconds(seconds));
    measures = false;
    List<Agent> others = agents.subList(frozen, count);
    long rows = others.stream().mapToLong(Agent::lastSeq).sum();
    System.out.printf("rows %d%n", rows);
    System.out.printf(
        "pulled_share %.5f%n",
        others.stream().mapToLong(agent -> agent.pulled).sum() / (double) rows);
    print("between_polls", others.stream().flatMap(agent -> agent.betweenPolls.stream()).toList());
    print("poll", others.stream().flatMap(agent -> agent.polls.stream()).toList());
  }

  private static void print(String name, List<Long> nanos) {
    long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
    Arrays.sort(sorted);
    if (sorted.length > 0) {
      System.out.printf("%s_p50_ms %.1f%n", name, sorted[sorted.length / 2] / 1e6);
      System.out.printf("%s_p99_ms %.1f%n", name, sorted[(int) (sorted.length * 0.99)] / 1e6);
    }
  }
}
