package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import io.coral.it.Backend.Kind;
import io.coral.rpc.RpcClient;
import io.coral.rpc.agent.v1.AgentStatus;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.mesh.v1.GetStatusRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.vertx.core.Vertx;
import io.vertx.grpc.health.v1.HealthCheckRequest;
import io.vertx.grpc.health.v1.HealthCheckResponse;
import io.vertx.grpc.reflection.v1.ServerReflectionRequest;
import io.vertx.grpc.reflection.v1.ServerReflectionResponse;
import io.vertx.grpc.reflection.v1.ServiceResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/// One port, four protocols: gRPC, gRPC-Web, Connect with JSON and Connect with protobuf.
@TestInstance(Lifecycle.PER_CLASS)
final class RpcIT {
  private static final Duration DEADLINE = Duration.ofSeconds(50);
  private static final String AGENT_SERVICE = "coral.agent.v1.AgentService";
  private static final String GET_STATUS = AGENT_SERVICE + "/GetStatus";
  private static final int REQUESTS = 37;
  private static final byte TRAILERS = (byte) 0x80;
  private static final byte END_OF_STREAM = 2;

  private final Vertx vertx = Vertx.vertx();
  private final RpcClient client = new RpcClient(vertx);
  private Path directory;
  private CoralProcess agent;
  private int otlpGrpcPort;
  private int otlpHttpPort;

  /// An answer over plain HTTP.
  private record Answer(int status, String contentType, byte[] body) {}

  /// A frame of gRPC-Web, or an envelope of Connect.
  private record Frame(byte flags, byte[] body) {
    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  @BeforeAll
  void start(@TempDir Path scratch) throws Exception {
    directory = scratch;
    otlpGrpcPort = Host.freePort();
    otlpHttpPort = Host.freePort();
    Path config = directory.resolve("agent.yaml");
    Files.writeString(
        config,
        """
        agent:
          colony: ""
          flush_interval: 1s
        telemetry:
          grpc_endpoint: 127.0.0.1:GRPC
          http_endpoint: 127.0.0.1:HTTP
        """
            .replace("GRPC", Integer.toString(otlpGrpcPort))
            .replace("HTTP", Integer.toString(otlpHttpPort)));
    agent = CoralProcess.agent(directory, Host.freePort(), List.of("--config", config.toString()));
  }

  @AfterAll
  void stop() throws Exception {
    agent.close();
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void unary_overGrpc_answers() throws Exception {
    AgentStatus status =
        grpc(agent.api().port(), GET_STATUS, GetStatusRequest.getDefaultInstance(), status());
    assertThat(status.getAgentId()).isNotEmpty();
    assertThat(status.getVersion()).isNotEmpty();
  }

  @Test
  void unary_overConnectJson_answersWithLongsAsStrings() throws Exception {
    Answer answer = post(GET_STATUS, "application/json", bytes("{}"));
    assertThat(answer.status).isEqualTo(200);
    JsonObject json =
        JsonParser.parseString(new String(answer.body, StandardCharsets.UTF_8)).getAsJsonObject();
    assertThat(json.get("agentId").getAsString()).isEqualTo(agentId());
    assertThat(json.get("startedUnixNanos").getAsJsonPrimitive().isString()).isTrue();
  }

  @Test
  void unary_overConnectProto_answers() throws Exception {
    Answer answer = post(GET_STATUS, "application/proto", new byte[0]);
    assertThat(answer.status).isEqualTo(200);
    assertThat(answer.contentType).isEqualTo("application/proto");
    assertThat(AgentStatus.parseFrom(answer.body).getAgentId()).isEqualTo(agentId());
  }

  @Test
  void unary_overGrpcWeb_answersWithTrailersInTheBody() throws Exception {
    Answer answer = post(GET_STATUS, "application/grpc-web+proto", frame(new byte[0]));
    assertThat(answer.status).isEqualTo(200);
    assertThat(answer.contentType).startsWith("application/grpc-web");
    List<Frame> frames = frames(answer.body);
    assertThat(frames).hasSize(2);
    assertThat(AgentStatus.parseFrom(frames.getFirst().body).getAgentId()).isEqualTo(agentId());
    assertThat(frames.get(1).flags).isEqualTo(TRAILERS);
    assertThat(frames.get(1).text().replace(" ", "")).contains("grpc-status:0");
  }

  @Test
  void error_overEachProtocol_hasTheSameCode() throws Exception {
    PullRequest unknown = PullRequest.newBuilder().setStream("nonsense").build();
    assertThatThrownBy(
            () ->
                grpc(
                    agent.api().port(),
                    AGENT_SERVICE + "/Pull",
                    unknown,
                    PullResponse.getDefaultInstance()))
        .hasMessageContaining("INVALID_ARGUMENT")
        .hasMessageContaining("nonsense");
    Answer streaming =
        post(AGENT_SERVICE + "/Pull", "application/connect+proto", frame(unknown.toByteArray()));
    Frame end = frames(streaming.body).getFirst();
    assertThat(end.flags).isEqualTo(END_OF_STREAM);
    assertThat(end.text()).contains("invalid_argument").contains("nonsense");
    Answer unary =
        post(AGENT_SERVICE + "/QueryHttp", "application/json", bytes("{\"role\":\"nonsense\"}"));
    assertThat(unary.status).isEqualTo(400);
    assertThat(new String(unary.body, StandardCharsets.UTF_8)).contains("invalid_argument");
  }

  @Test
  void serverStreaming_overConnectAndGrpc_givesEveryRowOnce() throws Exception {
    Host.requireCapture();
    try (Backend backend = Backend.start(Kind.PYTHON, directory);
        RawClient connection = new RawClient(backend.port())) {
      JsonObject rule = new JsonObject();
      rule.addProperty("name", "shop");
      rule.addProperty("pid", backend.pids().getFirst());
      JsonObject connected = agent.api().agent("ConnectService", rule);
      assertThat(Api.objects(connected, "processes")).hasSize(1);
      for (int i = 0; i < REQUESTS; i++) {
        connection.send("GET /api/orders/" + i + " HTTP/1.1\r\nHost: shop.example\r\n\r\n");
        assertThat(connection.receive("GET").status()).isEqualTo(200);
      }
      JsonObject traces =
          await("the spans are stored")
              .atMost(Duration.ofSeconds(100))
              .pollInterval(Duration.ofMillis(200))
              .until(this::traces, stream -> Api.number(stream, "maxSeq") >= REQUESTS);
      JsonObject pull = new JsonObject();
      pull.addProperty("stream", "traces");
      pull.addProperty("epoch", Api.text(traces, "epoch"));
      pull.addProperty("maxRows", 10);

      Answer json =
          post(AGENT_SERVICE + "/Pull", "application/connect+json", frame(bytes(pull.toString())));
      List<Frame> frames = frames(json.body);
      assertThat(frames.getLast().flags).isEqualTo(END_OF_STREAM);
      assertThat(frames.getLast().text()).isEqualTo("{}");
      long rows = 0;
      for (Frame frame : frames.subList(0, frames.size() - 1)) {
        JsonObject batch = JsonParser.parseString(frame.text()).getAsJsonObject();
        assertThat(Api.number(batch, "fromSeq")).isEqualTo(rows + 1);
        rows += Api.number(batch, "rowCount");
        assertThat(Api.number(batch, "toSeq")).isEqualTo(rows);
      }
      assertThat(frames).hasSizeGreaterThan(4);
      assertThat(rows).isEqualTo(REQUESTS);

      List<PullResponse> overGrpc = new ArrayList<>();
      client.stream(
              "127.0.0.1:" + agent.api().port(),
              AGENT_SERVICE + "/Pull",
              PullRequest.newBuilder()
                  .setStream("traces")
                  .setEpoch(Long.parseUnsignedLong(Api.text(traces, "epoch")))
                  .build(),
              PullResponse.getDefaultInstance(),
              DEADLINE,
              overGrpc::add)
          .toCompletionStage()
          .toCompletableFuture()
          .get(10, TimeUnit.SECONDS);
      assertThat(overGrpc.stream().mapToInt(PullResponse::getRowCount).sum()).isEqualTo(REQUESTS);
    }
  }

  @Test
  void reflection_ofTheAgent_listsTheServices() throws Exception {
    ServerReflectionResponse response =
        grpc(
            agent.api().port(),
            "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            ServerReflectionRequest.newBuilder().setListServices("").build(),
            ServerReflectionResponse.getDefaultInstance());
    assertThat(response.getListServicesResponse().getServiceList())
        .extracting(ServiceResponse::getName)
        .contains(AGENT_SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection");
  }

  @Test
  void health_ofTheAgent_saysServing() throws Exception {
    for (String service : List.of("", AGENT_SERVICE)) {
      HealthCheckResponse response =
          grpc(
              agent.api().port(),
              "grpc.health.v1.Health/Check",
              HealthCheckRequest.newBuilder().setService(service).build(),
              HealthCheckResponse.getDefaultInstance());
      assertThat(response.getStatus()).isEqualTo(HealthCheckResponse.ServingStatus.SERVING);
    }
  }

  @Test
  void otlp_withoutSpans_isTakenOverGrpcAndHttp() throws Exception {
    assertThat(
            grpc(
                otlpGrpcPort,
                "opentelemetry.proto.collector.trace.v1.TraceService/Export",
                GetStatusRequest.getDefaultInstance(),
                ExportTraceServiceResponse.getDefaultInstance()))
        .isEqualTo(ExportTraceServiceResponse.getDefaultInstance());
    Answer http = post(otlpHttpPort, "v1/traces", "application/x-protobuf", new byte[0]);
    assertThat(http.status).isEqualTo(200);
  }

  private static AgentStatus status() {
    return AgentStatus.getDefaultInstance();
  }

  private String agentId() throws IOException {
    return Api.text(agent.api().agent("GetStatus", new JsonObject()), "agentId");
  }

  private JsonObject traces() throws IOException {
    return Api.objects(agent.api().agent("ListStreams", new JsonObject()), "streams").stream()
        .filter(stream -> Api.text(stream, "stream").equals("traces"))
        .findFirst()
        .orElseGet(JsonObject::new);
  }

  private <A extends Message> A grpc(int port, String method, Message request, A prototype)
      throws InterruptedException, ExecutionException, TimeoutException {
    return client
        .unary("127.0.0.1:" + port, method, request, prototype, DEADLINE)
        .toCompletionStage()
        .toCompletableFuture()
        .get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  private Answer post(String method, String contentType, byte[] body) throws IOException {
    return post(agent.api().port(), method, contentType, body);
  }

  private static Answer post(int port, String path, String contentType, byte[] body)
      throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://127.0.0.1:" + port + "/" + path)
                .toURL()
                .openConnection(Proxy.NO_PROXY);
    connection.setReadTimeout((int) DEADLINE.toMillis());
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", contentType);
    connection.setDoOutput(true);
    try (var out = connection.getOutputStream()) {
      out.write(body);
    }
    int status = connection.getResponseCode();
    try (InputStream in =
        status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      String type = connection.getHeaderField("Content-Type");
      return new Answer(status, type == null ? "" : type, in.readAllBytes());
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] frame(byte[] message) {
    return ByteBuffer.allocate(5 + message.length)
        .put((byte) 0)
        .putInt(message.length)
        .put(message)
        .array();
  }

  private static List<Frame> frames(byte[] body) {
    List<Frame> frames = new ArrayList<>();
    ByteBuffer rest = ByteBuffer.wrap(body);
    while (rest.hasRemaining()) {
      byte flags = rest.get();
      byte[] message = new byte[rest.getInt()];
      rest.get(message);
      frames.add(new Frame(flags, message));
    }
    return frames;
  }
}
