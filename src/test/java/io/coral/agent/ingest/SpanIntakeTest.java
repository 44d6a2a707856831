package io.coral.agent.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.bus.FullException;
import io.coral.bus.RowKeeper;
import io.coral.bus.Topic;
import io.coral.bus.Topics;
import io.coral.config.SpanFilterConfig;
import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.coral.model.PayloadId;
import io.coral.model.SpanRequests;
import io.coral.otlp.BeylaPayloads;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.SpanPayloads;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class SpanIntakeTest {
  private static final int SPANS = 4000;
  private static final Map<String, Object> GET_ROOT =
      Map.of("http.request.method", "GET", "http.route", "/", "http.response.status_code", 200);

  private final Vertx vertx = Vertx.vertx();
  private final Topic<SpanRequests> told = Topics.of(vertx).spans();
  private final List<ColumnBatch> kept = new ArrayList<>();
  private final Set<PayloadId> payloads = new HashSet<>();
  private final byte[] payload =
      new SpanPayloads(21).payload(SPANS, 1_790_000_000_000_000_000L).toByteArray();

  @AfterEach
  void close() {
    vertx.close();
  }

  private SpanIntake intake(RowKeeper keeper, SpanFilterConfig filter) {
    return new SpanIntake(keeper, told, filter, false, new Figures(), Clock.systemUTC());
  }

  private Future<Boolean> keep(List<ColumnBatch> batches, Payload payload) {
    kept.addAll(batches);
    return Future.succeededFuture(payloads.add(payload.id()));
  }

  private ColumnBatch keptBy(SpanFilterConfig filter) {
    SpanIntake intake = intake(this::keep, filter);
    assertThat(intake.accept(payload, 0, payload.length).result()).isEqualTo(Accepted.ALL);
    return kept.getLast();
  }

  private static long count(ColumnBatch batch, String column, long value) {
    long count = 0;
    for (int i = 0; i < batch.schema().columns().size(); i++) {
      if (batch.schema().columns().get(i).name().equals(column)) {
        for (long each : batch.longs(i)) {
          count += each == value ? 1 : 0;
        }
      }
    }
    return count;
  }

  @Test
  void filter_thatKeepsAll_keepsAll() {
    assertThat(keptBy(new SpanFilterConfig(true, 500, 1)).rows()).isEqualTo(SPANS);
  }

  @Test
  void filter_thatKeepsErrorsAlone_keepsThemAndCountsEveryRequest() {
    long errors = count(keptBy(new SpanFilterConfig(true, 500, 1)), "outcome", 2);
    ColumnBatch batch = keptBy(new SpanFilterConfig(true, 0, 0));
    assertThat(batch.rows()).isEqualTo((int) errors).isPositive();
  }

  @Test
  void filter_bySampleRate_keepsWholeTraces() {
    ColumnBatch all = keptBy(new SpanFilterConfig(false, 0, 1));
    ColumnBatch some = keptBy(new SpanFilterConfig(false, 0, 0.25));
    assertThat(some.rows()).isBetween(SPANS / 6, SPANS / 3);
    Set<Long> traces = new HashSet<>();
    for (int i = 0; i < some.rows(); i++) {
      traces.add(some.uuids(0)[2 * i + 1]);
    }
    long ofThem = 0;
    for (int i = 0; i < all.rows(); i++) {
      ofThem += traces.contains(all.uuids(0)[2 * i + 1]) ? 1 : 0;
    }
    assertThat(ofThem).isEqualTo(some.rows());
  }

  @Test
  void filter_byLatency_keepsWhatTakesLonger() {
    ColumnBatch slow = keptBy(new SpanFilterConfig(false, 50, 0));
    assertThat(slow.rows()).isBetween(1, SPANS - 1);
    for (long duration : slow.longs(7)) {
      assertThat(slow.schema().columns().get(7).name()).isEqualTo("duration_nanos");
      assertThat(duration).isGreaterThan(50_000_000);
    }
  }

  @Test
  void requests_ofAPayloadThatWasKeptBefore_areNotToldAgain() {
    SpanIntake intake = intake(this::keep, new SpanFilterConfig(true, 500, 0));
    intake.accept(payload, 0, payload.length);
    assertThat(told.waiting()).isEqualTo(1);
    intake.accept(payload, 0, payload.length);
    assertThat(told.waiting()).isEqualTo(1);
  }

  @Test
  void failures_areSaidAndNothingIsTold() {
    SpanFilterConfig all = new SpanFilterConfig(true, 500, 1);
    assertThat(
            intake((_, _) -> Future.failedFuture(new FullException("full")), all)
                .accept(payload, 0, payload.length)
                .cause())
        .isInstanceOf(OverloadedException.class);
    assertThat(
            intake((_, _) -> Future.failedFuture(new IllegalStateException("disk")), all)
                .accept(payload, 0, payload.length)
                .cause())
        .isInstanceOf(IllegalStateException.class);
    assertThat(intake(this::keep, all).accept(payload, 0, payload.length - 1).cause())
        .isInstanceOf(MalformedPayloadException.class);
    assertThat(told.waiting()).isZero();
    assertThat(kept).isEmpty();
  }

  @Test
  void spansOfBeyla_whereBeylaSends_areAllKeptAndNotCounted() {
    byte[] spans =
        BeylaPayloads.spans(
                "shop",
                BeylaPayloads.serverSpan(
                    7, 1_790_000_000_000_000_000L, 1_790_000_000_001_000_000L, GET_ROOT))
            .toByteArray();
    SpanFilterConfig none = new SpanFilterConfig(false, 0, 0);
    intake(this::keep, none).accept(spans, 0, spans.length);
    assertThat(kept.getLast().rows()).isZero();
    assertThat(told.waiting()).isEqualTo(1);
    payloads.clear();
    new SpanIntake(this::keep, told, none, true, new Figures(), Clock.systemUTC())
        .accept(spans, 0, spans.length);
    assertThat(kept.getLast().rows()).isEqualTo(1);
    assertThat(told.waiting()).isEqualTo(1);
  }
}
