package io.coral.it;

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
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.RegisterResponse;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/// An agent that answers a colony as the test says.
final class FakeAgent implements AutoCloseable {
  private final Vertx vertx;
  private final String id;
  private final int colony;
  private final HttpServer server;
  private volatile ListStreamsResponse streams = ListStreamsResponse.getDefaultInstance();
  private volatile Function<PullRequest, List<PullResponse>> pulls = _ -> List.of();

  /// @param colony port of its API
  FakeAgent(Vertx vertx, String id, int colony) throws Exception {
    this.vertx = vertx;
    this.id = id;
    this.colony = colony;
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
            _ -> Future.succeededFuture(streams))
        .streaming(
            "Pull",
            PullRequest.getDefaultInstance(),
            PullResponse.getDefaultInstance(),
            (request, sink) -> {
              Future<Void> written = Future.succeededFuture();
              for (PullResponse each : pulls.apply(request)) {
                written = written.compose(_ -> sink.write(each));
              }
              return written;
            });
    server = await(new RpcServer(vertx, List.of(service), () -> true).listen("127.0.0.1", 0));
  }

  /// What it says that it has, and what it gives when it is asked.
  FakeAgent gives(StreamStatus stream, Function<PullRequest, List<PullResponse>> batches) {
    return gives(ListStreamsResponse.newBuilder().addStreams(stream).build(), batches);
  }

  /// The same of several streams.
  FakeAgent gives(ListStreamsResponse all, Function<PullRequest, List<PullResponse>> batches) {
    pulls = batches;
    streams = all;
    return this;
  }

  /// Registers with the colony.
  RegisterResponse register() throws Exception {
    RpcClient client = new RpcClient(vertx);
    try {
      return await(
          client.unary(
              "127.0.0.1:" + colony,
              "coral.mesh.v1.MeshService/Register",
              RegisterRequest.newBuilder()
                  .setAgentId(id)
                  .setDisplayName(id)
                  .setApiEndpoint("127.0.0.1:" + server.actualPort())
                  .build(),
              RegisterResponse.getDefaultInstance(),
              Duration.ofSeconds(10)));
    } finally {
      await(client.close());
    }
  }

  private static <T> T await(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    server.close().toCompletionStage().toCompletableFuture().join();
  }
}
