package io.coral.colony.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.answer.StoreHistory;
import io.coral.answer.TraceFinder;
import io.coral.colony.registry.Registry;
import io.coral.rpc.RpcClient;
import io.coral.rpc.RpcServer;
import io.coral.rpc.RpcService;
import io.coral.rpc.agent.v1.AgentProto;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.ReadTraceRequest;
import io.coral.rpc.mesh.v1.ReadTraceResponse;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.storage.AgentStore;
import io.coral.storage.StoreQueries;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An agent that is slow, or fails, or both.
final class AgentTracesTest {
  private static final String ID = "0af7651916cd43dd8448eb211c80319c";

  @TempDir Path directory;
  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger asked = new AtomicInteger();
  private AgentStore store;
  private AgentTraces traces;
  private volatile int failures;
  private volatile Duration delay = Duration.ZERO;
  private volatile Duration silence = Duration.ZERO;

  @BeforeEach
  void serve() throws Exception {
    store = AgentStore.open(directory, Clock.systemUTC());
    RpcService service =
        new RpcService(AgentProto.getDescriptor().findServiceByName("AgentService"))
            .unary(
                "ReadTrace",
                ReadTraceRequest.getDefaultInstance(),
                ReadTraceResponse.getDefaultInstance(),
                _ -> answer());
    int port =
        get(new RpcServer(vertx, List.of(service), () -> true).listen("127.0.0.1", 0)).actualPort();
    Registry registry =
        new Registry(
            Clock.systemUTC(), () -> System.nanoTime() + silence.toNanos(), List.of(), _ -> {});
    registry.register(
        RegisterRequest.newBuilder()
            .setAgentId("a")
            .setDisplayName("host-a")
            .setApiEndpoint("127.0.0.1:" + port)
            .build());
    RpcClient client = new RpcClient(vertx);
    traces = new AgentTraces(vertx, client, registry);
    // The first call loads classes, which takes longer than the agents have.
    get(
        client.unary(
            "127.0.0.1:" + port,
            "coral.agent.v1.AgentService/ReadTrace",
            ReadTraceRequest.getDefaultInstance(),
            ReadTraceResponse.getDefaultInstance(),
            Duration.ofMinutes(1)));
    asked.set(0);
  }

  @AfterEach
  void close() throws Exception {
    get(vertx.close());
    store.close();
  }

  private Future<ReadTraceResponse> answer() {
    if (asked.getAndIncrement() < failures) {
      return Future.failedFuture("busy");
    }
    return vertx
        .timer(1 + delay.toMillis(), TimeUnit.MILLISECONDS)
        .map(ReadTraceResponse.newBuilder().addTraceIds(ID).build());
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
  }

  private TraceFinder.Found find() throws Exception {
    return get(
        traces.find(
            new StoreHistory(StoreQueries.of(store), null, Completeness::getDefaultInstance), ID));
  }

  @Test
  void traceThatNobodyHas_isLookedForOnceMoreAtAgentsThatFailed() throws Exception {
    failures = 1;
    assertThat(find().traces().traceIds()).containsExactly(ID);
    assertThat(asked).hasValue(2);
  }

  /// The trace is found at the second time.
  @Test
  void agentOfWhichNothingWasHeardLately_isHardlyWaitedFor() throws Exception {
    silence = Duration.ofMinutes(1);
    delay = Duration.ofMillis(400);
    assertThat(find().traces().traceIds()).containsExactly(ID);
    assertThat(asked).hasValue(2);
  }

  @Test
  void agentThatDoesNotAnswer_isNamed() throws Exception {
    failures = 2;
    TraceFinder.Found found = find();
    assertThat(found.traces().traceIds()).isEmpty();
    assertThat(found.unheard()).singleElement().asString().startsWith("host-a did not answer");
  }
}
