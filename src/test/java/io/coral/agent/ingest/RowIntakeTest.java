package io.coral.agent.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.bus.FullException;
import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.coral.model.PayloadId;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.SentLogs;
import io.coral.otlp.SentMetrics;
import io.coral.telemetry.Figures;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.vertx.core.Future;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RowIntakeTest {
  private static final String RECORDS = "coral_otlp_log_records_received_total";
  private static final String POINTS = "coral_otlp_metric_points_received_total";

  private final Figures figures = new Figures();
  private final List<ColumnBatch> kept = new ArrayList<>();
  private final Set<PayloadId> payloads = new HashSet<>();

  private Future<Boolean> keep(List<ColumnBatch> batches, Payload payload) {
    kept.addAll(batches);
    return Future.succeededFuture(payloads.add(payload.id()));
  }

  @Test
  void items_areCountedOnceTheyAreKept() {
    byte[] logs = SentLogs.request("shop", SentLogs.full(), SentLogs.full()).toByteArray();
    byte[] metrics = SentMetrics.request("shop", SentMetrics.ofAllTypes(1)).toByteArray();
    RowIntake ofLogs = RowIntake.ofLogs(this::keep, figures, Clock.systemUTC());
    RowIntake ofMetrics = RowIntake.ofMetrics(this::keep, figures, Clock.systemUTC());
    for (int i = 0; i < 2; i++) {
      assertThat(ofLogs.accept(logs, 0, logs.length).result()).isEqualTo(Accepted.ALL);
      assertThat(ofMetrics.accept(metrics, 0, metrics.length).result()).isEqualTo(Accepted.ALL);
    }
    assertThat(kept.stream().map(batch -> batch.schema().name() + " " + batch.rows()))
        .containsExactly("logs 2", "metrics 6", "logs 2", "metrics 6");
    assertThat(figures.all()).containsEntry(RECORDS, 2L).containsEntry(POINTS, 6L);
  }

  @Test
  void items_thatCannotBe_areSaidAndTheOthersKept() {
    AnyValue deep = AnyValue.getDefaultInstance();
    for (int i = 0; i < 40; i++) {
      deep = AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(deep)).build();
    }
    byte[] logs =
        SentLogs.request("shop", SentLogs.full(), LogRecord.newBuilder().setBody(deep))
            .toByteArray();
    RowIntake intake = RowIntake.ofLogs(this::keep, figures, Clock.systemUTC());
    Accepted accepted = intake.accept(logs, 0, logs.length).result();
    assertThat(accepted.rejectedItems()).isEqualTo(1);
    assertThat(accepted.message()).contains("nested deeper");
    assertThat(kept.getFirst().rows()).isEqualTo(1);
  }

  @Test
  void failures_areSaidAndNothingIsCounted() {
    byte[] logs = SentLogs.request("shop", SentLogs.full()).toByteArray();
    assertThat(
            RowIntake.ofLogs(
                    (_, _) -> Future.failedFuture(new FullException("full")),
                    figures,
                    Clock.systemUTC())
                .accept(logs, 0, logs.length)
                .cause())
        .isInstanceOf(OverloadedException.class);
    assertThat(
            RowIntake.ofLogs(this::keep, figures, Clock.systemUTC())
                .accept(logs, 0, logs.length - 1)
                .cause())
        .isInstanceOf(MalformedPayloadException.class);
    assertThat(figures.all()).containsEntry(RECORDS, 0L);
    assertThat(kept).isEmpty();
  }
}
