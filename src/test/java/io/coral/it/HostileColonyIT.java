package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What agents and strangers may not do to a colony: it refuses, says so, and goes on.
final class HostileColonyIT {
  private static final String STREAM = StreamSchema.TRACE_ALIASES.name();
  private static final long EPOCH = 7;
  private static final Duration SOON = Duration.ofSeconds(150);

  @TempDir Path directory;
  private final Vertx vertx = Vertx.vertx();
  private CoralProcess colony;
  private int port;

  @BeforeEach
  void start() throws Exception {
    port = Host.freePort();
    Path config =
        Files.writeString(directory.resolve("colony.yaml"), "colony:\n  poll_interval: 1s\n");
    colony = CoralProcess.colony(directory.resolve("c"), port, "--config", config.toString());
  }

  @AfterEach
  void stop() {
    colony.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private static StreamStatus has(long minSeq, long maxSeq) {
    return StreamStatus.newBuilder()
        .setStream(STREAM)
        .setEpoch(EPOCH)
        .setMinSeq(minSeq)
        .setMaxSeq(maxSeq)
        .build();
  }

  private static PullResponse.Builder batch(long fromSeq, int rows) {
    ColumnBatch.Builder batch = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, rows);
    for (int i = 0; i < rows; i++) {
      batch
          .add(1L, fromSeq + i)
          .add(2L, fromSeq + i)
          .add(0L)
          .add(0L)
          .add("test")
          .add(System.currentTimeMillis() * 1_000_000);
    }
    PullResponse.Builder response =
        PullResponse.newBuilder()
            .setStream(STREAM)
            .setEpoch(EPOCH)
            .setFromSeq(fromSeq)
            .setToSeq(fromSeq + rows - 1);
    ColumnBatchCodec.encode(batch.build(), response);
    return response;
  }

  /// As an agent that has rows up to a number gives them.
  private static Function<PullRequest, List<PullResponse>> honest(long last) {
    return request ->
        request.getAfterSeq() >= last
            ? List.of()
            : List.of(
                batch(request.getAfterSeq() + 1, (int) (last - request.getAfterSeq())).build());
  }

  private FakeAgent agent(String id) throws Exception {
    return new FakeAgent(vertx, id, port);
  }

  private JsonObject seen(String id) throws IOException {
    return Api.objects(colony.api().colony("ListAgents", new JsonObject()), "agents").stream()
        .filter(agent -> Api.text(agent, "agentId").equals(id))
        .findFirst()
        .orElseThrow();
  }

  private void awaitRows(String id, long rows) {
    await(id)
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              assertThat(Api.number(seen(id), "rows")).isEqualTo(rows);
              assertThat(Api.text(seen(id), "lastError")).isEmpty();
            });
  }

  private void awaitError(String id, String text, long rows) {
    await(id + ": " + text)
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(Api.text(seen(id), "lastError")).contains(text));
    assertThat(rowsOf(id)).isEqualTo(rows);
  }

  private long rowsOf(String id) {
    try {
      return Api.number(seen(id), "rows");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private void refuses(String id, String error, Function<PullRequest, List<PullResponse>> batches)
      throws Exception {
    refuses(id, error, 5, batches);
  }

  /// Five rows come well, then the agent does something else, then it is well again.
  ///
  /// @param kept how many rows there are meanwhile
  private void refuses(
      String id, String error, long kept, Function<PullRequest, List<PullResponse>> batches)
      throws Exception {
    try (FakeAgent agent = agent(id).gives(has(1, 5), honest(5))) {
      agent.register();
      awaitRows(id, 5);
      agent.gives(has(1, 9), batches);
      awaitError(id, error, kept);
      agent.gives(has(1, 9), honest(9));
      agent.register();
      awaitRows(id, 9);
    }
  }

  @Test
  void batches_thatAreReplayedTornDamagedOrForged_areRefusedAndSaid() throws Exception {
    String unasked = "it answers what was not asked for";
    refuses("replayed", unasked, _ -> List.of(batch(1, 5).build()));
    refuses("overlapping", unasked, _ -> List.of(batch(4, 6).build()));
    refuses("twice", unasked, 7, _ -> List.of(batch(6, 2).build(), batch(6, 2).build()));
    refuses("reordered", unasked, 7, _ -> List.of(batch(8, 2).build(), batch(6, 2).build()));
    refuses("forged", unasked, _ -> List.of(batch(6, 2).setToSeq(1L << 40).build()));
    refuses("empty", unasked, _ -> List.of(batch(6, 0).setToSeq(9).build()));
    refuses("foreign", unasked, _ -> List.of(batch(6, 4).setStream("traces").build()));
    refuses(
        "torn",
        "4 values (expected: 5",
        _ -> List.of(batch(6, 4).setRowCount(5).setToSeq(10).build()));
    refuses(
        "damaged",
        "damaged",
        _ -> {
          PullResponse.Builder batch = batch(6, 4);
          return List.of(batch.setCrc(batch.getCrc() + 1).build());
        });
  }

  @Test
  void numbersThatJump_areGapsThatAreSaid_andThoseThatGoBackAnError() throws Exception {
    long far = 1L << 40;
    try (FakeAgent agent = agent("jumps").gives(has(1, 5), honest(5))) {
      agent.register();
      awaitRows("jumps", 5);
      agent.gives(has(far + 1, far + 5), honest(far + 5));
      awaitRows("jumps", 10);
      assertThat(Api.texts(colony.api().colony("GetStatus", new JsonObject()), "losses"))
          .anyMatch(loss -> loss.startsWith((far - 5) + " rows of " + STREAM + " expired"));
      agent.gives(has(1, 3), honest(3));
      awaitError("jumps", "went back to 3", 10);
    }
  }

  @Test
  void id_thatIsInUseElsewhere_isRefusedWhileTheOtherAnswers() throws Exception {
    FakeAgent first = agent("same").gives(has(1, 5), honest(5));
    try (FakeAgent second = agent("same").gives(has(1, 5), honest(5))) {
      assertThat(first.register().getAccepted()).isTrue();
      assertThat(second.register().getReason()).startsWith("agent id same is in use at 127.0.0.1:");
      assertThat(first.register().getAccepted()).as("it may come again").isTrue();
      first.close();
      assertThat(second.register().getAccepted()).as("the other is gone").isTrue();
      assertThat(colony.api().metrics()).contains("coral_registrations_refused_total 1");
    }
  }

  @Test
  void agentsOfAList_areFoundWithoutRegistering() throws Exception {
    Path home = Files.createDirectory(directory.resolve("a"));
    int itsPort = Host.freePort();
    Path config =
        Files.writeString(
            directory.resolve("list.yaml"),
            "colony:\n  poll_interval: 1s\n  agents: ['localhost:" + itsPort + "']\n");
    try (CoralProcess other =
            CoralProcess.colony(
                directory.resolve("l"), Host.freePort(), "--config", config.toString());
        CoralProcess agent = CoralProcess.agent(home, itsPort, "--colony", "")) {
      assertThat(agent.api().isHealthy()).isTrue();
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(
                          Api.objects(other.api().colony("ListAgents", new JsonObject()), "agents"))
                      .extracting(each -> Api.text(each, "lastError"))
                      .containsExactly(""));
    }
  }

  @Test
  void strangersOnTheMemberPort_andNodesOfAnotherCluster_areKeptOut() throws Exception {
    int member = Host.freePort();
    try (CoralProcess node = node("one", member, member);
        CoralProcess stranger = node("other", Host.freePort(), member)) {
      for (byte[] bytes :
          List.of(
              javaObject(), packet(), "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8))) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), member);
            OutputStream out = socket.getOutputStream()) {
          out.write(bytes);
          out.flush();
          Thread.sleep(300);
        } catch (IOException e) {
          // It may be thrown out at once.
          assertThat(node.api().isHealthy()).isTrue();
        }
      }
      for (CoralProcess each : List.of(node, stranger)) {
        assertThat(Api.objects(each.api().colony("GetStatus", new JsonObject()), "nodes"))
            .hasSize(1);
      }
    }
  }

  private CoralProcess node(String cluster, int memberPort, int other) throws IOException {
    Path config =
        Files.writeString(
            directory.resolve(cluster + ".yaml"),
            "cluster:\n  name: %s\n  port: %d\n  members: ['127.0.0.1:%d']\n"
                .formatted(cluster, memberPort, other));
    return CoralProcess.colony(
        directory.resolve(cluster), Host.freePort(), "--cluster", "--config", config.toString());
  }

  /// An object whose reading asks for the address of a host.
  private static byte[] javaObject() throws IOException {
    Map<Object, Object> gadget = new HashMap<>();
    gadget.put(URI.create("http://127.0.0.1:1/").toURL(), "");
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(gadget);
    }
    return bytes.toByteArray();
  }

  /// The same as what members send one another: protocol, head of a packet, data of the type
  /// that Java reads.
  private static byte[] packet() throws IOException {
    byte[] object = javaObject();
    ByteBuffer packet = ByteBuffer.allocate(3 + 11 + 8 + object.length);
    packet.put("HZC".getBytes(StandardCharsets.US_ASCII));
    packet.put((byte) 4).putShort((short) 1).putInt(-1).putInt(8 + object.length);
    packet.putInt(0).putInt(-100).put(object);
    return packet.array();
  }
}
