package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.protobuf.UnknownFieldSet;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.agent.v1.Column;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.Longs;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/// Agents of the version before and of the one to come, and a colony of this one. That what is
/// on the wire keeps its meaning, `WireContractTest` sees to.
@TestInstance(Lifecycle.PER_CLASS)
final class VersionsIT {
  private static final long EPOCH = 7;
  private static final int ROWS = 5;
  private static final UnknownFieldSet NEWER =
      UnknownFieldSet.newBuilder()
          .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
          .build();

  private final Vertx vertx = Vertx.vertx();
  private CoralProcess colony;
  private int port;

  @BeforeAll
  void start(@TempDir Path directory) throws Exception {
    port = Host.freePort();
    Path config =
        Files.writeString(directory.resolve("colony.yaml"), "colony:\n  poll_interval: 1s\n");
    colony = CoralProcess.colony(directory.resolve("c"), port, "--config", config.toString());
  }

  @AfterAll
  void stop() {
    colony.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  private static StreamStatus has(String stream) {
    return StreamStatus.newBuilder()
        .setStream(stream)
        .setEpoch(EPOCH)
        .setMinSeq(1)
        .setMaxSeq(ROWS)
        .build();
  }

  /// Windows of requests, a second apart, up to now.
  private static PullResponse.Builder windows(String service, PullRequest request) {
    ColumnBatch.Builder batch = new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, ROWS);
    long now = System.currentTimeMillis() * 1_000_000;
    for (int i = 0; i < ROWS; i++) {
      batch
          .add(now - (ROWS - i) * 1_000_000_000L)
          .add(service)
          .add(1L)
          .add("GET")
          .add("/orders/{id}")
          .add(200L)
          .add("")
          .add(10L)
          .add(20_000_000L)
          .add(100L)
          .add(1000L)
          .add(now)
          .add(0L)
          .add(new int[] {10})
          .add("exe")
          .add("")
          .add("http")
          .add(0L)
          .add("captured")
          .add(1L);
    }
    PullResponse.Builder response =
        PullResponse.newBuilder()
            .setStream(request.getStream())
            .setEpoch(EPOCH)
            .setFromSeq(1)
            .setToSeq(ROWS);
    ColumnBatchCodec.encode(batch.build(), response);
    return response;
  }

  private void assertServes(
      String id, ListStreamsResponse streams, UnaryOperator<PullResponse.Builder> version)
      throws Exception {
    try (FakeAgent agent = new FakeAgent(vertx, id, port)) {
      agent.gives(
          streams,
          request ->
              request.getAfterSeq() >= ROWS
                  ? List.of()
                  : List.of(version.apply(windows(id, request)).build()));
      agent.register();
      await(id)
          .atMost(Duration.ofSeconds(150))
          .ignoreExceptions()
          .untilAsserted(
              () -> {
                JsonObject seen =
                    Api.objects(colony.api().colony("ListAgents", new JsonObject()), "agents")
                        .stream()
                        .filter(each -> Api.text(each, "agentId").equals(id))
                        .findFirst()
                        .orElseThrow();
                assertThat(Api.text(seen, "lastError")).isEmpty();
                assertThat(Api.number(seen, "rows")).isEqualTo(ROWS);
              });
      JsonObject request = new JsonObject();
      request.addProperty("serviceName", id);
      JsonObject answer = colony.api().colony("QueryHttp", request);
      assertThat(Api.number(answer.getAsJsonObject("overall"), "requests")).isEqualTo(10L * ROWS);
    }
  }

  /// Without the checksum and the columns that came later.
  @Test
  void agentOfTheVersionBefore_isPulled() throws Exception {
    List<String> later = List.of("errors", "source", "system");
    assertServes(
        "before",
        ListStreamsResponse.newBuilder().addStreams(has(StreamSchema.HTTP_METRICS.name())).build(),
        batch -> {
          List<Column> columns =
              batch.getColumnsList().stream()
                  .filter(column -> !later.contains(column.getName()))
                  .toList();
          return batch.clearCrc().clearColumns().addAllColumns(columns);
        });
  }

  /// With a stream, columns, a type of them and fields that this colony does not know.
  @Test
  void agentOfTheVersionToCome_isPulled() throws Exception {
    assertServes(
        "to-come",
        ListStreamsResponse.newBuilder()
            .addStreams(has("of_tomorrow"))
            .addStreams(has(StreamSchema.HTTP_METRICS.name()).toBuilder().setUnknownFields(NEWER))
            .setUnknownFields(NEWER)
            .build(),
        batch -> {
          Longs.Builder values = Longs.newBuilder();
          for (int i = 0; i < ROWS; i++) {
            values.addValues(i);
          }
          batch
              .addColumns(Column.newBuilder().setName("of_tomorrow").setLongs(values))
              .addColumns(Column.newBuilder().setName("strange").setUnknownFields(NEWER))
              .setUnknownFields(NEWER);
          CRC32C crc = new CRC32C();
          batch.getColumnsList().forEach(column -> crc.update(column.toByteArray()));
          return batch.setCrc((int) crc.getValue());
        });
  }
}
