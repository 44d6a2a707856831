package io.coral.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.rpc.RpcException;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.GetTraceRequest;
import io.coral.rpc.mesh.v1.GetTraceResponse;
import io.coral.rpc.mesh.v1.ListTracesRequest;
import io.coral.rpc.mesh.v1.ListTracesResponse;
import io.coral.rpc.mesh.v1.TraceSummary;
import io.coral.storage.AgentStore;
import io.coral.storage.StoreQueries;
import io.coral.storage.TraceQueries;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two traces of `front` and `pay`: a request of 30 ms, and one of 400 ms that failed.
final class TraceHandlersTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final long NOON_NANOS = NOON.getEpochSecond() * 1_000_000_000L;
  private static final long MILLI = 1_000_000;
  private static final long MINUTE = 60_000 * MILLI;
  private static final String FAST = "aaaaaa01000000000000000000000042";
  private static final String SLOW = "aaaaaa02000000000000000000000042";

  @TempDir Path directory;
  private AgentStore store;
  private TraceHandlers handlers;

  @BeforeEach
  void fill() {
    store = AgentStore.open(directory, Clock.fixed(NOON, ZoneOffset.UTC));
    handlers =
        new TraceHandlers(
            new StoreHistory(
                StoreQueries.of(store),
                null,
                () -> Completeness.newBuilder().setAgentsTotal(1).setAgentsAnswered(1).build()));
    ColumnBatch.Builder spans = new ColumnBatch.Builder(StreamSchema.TRACES, 8);
    trace(spans, 0xaaaaaa0100000000L, 30, 200);
    trace(spans, 0xaaaaaa0200000000L, 400, 503);
    store.append(List.of(spans.build(), metrics(98, 30), metrics(2, 400)));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static void trace(ColumnBatch.Builder rows, long id, long millis, long status) {
    span(rows, id, 1, 0, "front", Role.SERVER, "GET", "/checkout", millis + 20, 200);
    span(rows, id, 2, 1, "front", Role.CLIENT, "POST", "/pay", millis + 2, status);
    span(rows, id, 3, 2, "pay", Role.SERVER, "POST", "/pay", millis, status);
  }

  private static void span(
      ColumnBatch.Builder rows,
      long trace,
      long id,
      long parent,
      String service,
      Role role,
      String method,
      String route,
      long millis,
      long status) {
    rows.add(trace, 0x42L)
        .add(id)
        .add(parent)
        .add(service)
        .add(method + " " + route)
        .add((long) role.code())
        .add(NOON_NANOS + id * MILLI)
        .add(millis * MILLI)
        .add(1L)
        .add(status)
        .add(method)
        .add(route)
        .add("10.0.0.9:80")
        .add("host")
        .add(1L)
        .add(2L)
        .add(77L)
        .add("")
        .add(0L)
        .add(0L)
        .add("{}");
  }

  private static ColumnBatch metrics(int count, long millis) {
    LatencyHistogram histogram = new LatencyHistogram();
    for (int i = 0; i < count; i++) {
      histogram.record(millis * MILLI);
    }
    return new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, 1)
        .add(NOON_NANOS)
        .add("pay")
        .add((long) Role.SERVER.code())
        .add("POST")
        .add("/pay")
        .add(200L)
        .add("10.0.0.9")
        .add((long) count)
        .add(count * millis * MILLI)
        .add(1L)
        .add(2L)
        .add(NOON_NANOS)
        .add((long) histogram.offset())
        .add(histogram.sparseCounts())
        .add("configured")
        .add("{}")
        .add("http")
        .add(0L)
        .add("captured")
        .add(1L)
        .build();
  }

  private ListTracesResponse list(ListTracesRequest.Builder request) {
    return handlers.list(request.build(), NOON_NANOS, NOON_NANOS + MINUTE, 10);
  }

  private TraceFinder.Found found(String prefix) {
    return new TraceFinder.Found(new TraceQueries(store).find(prefix), List.of());
  }

  private GetTraceResponse get(String id) {
    return handlers.get(
        GetTraceRequest.newBuilder().setTraceId(id).build(), found(TraceIds.digits(id)));
  }

  @Test
  void get_hasOtlpWhenAskedFor() {
    assertThat(get(SLOW).getOtlp()).isEmpty();
    GetTraceResponse answer =
        handlers.get(
            GetTraceRequest.newBuilder().setTraceId(SLOW).setOtlp(true).build(), found(SLOW));
    assertThat(answer.getOtlp()).contains("\"name\":\"POST /pay\"");
  }

  @Test
  void list_countsHopsAndTellsTheCause() {
    TraceSummary slow =
        list(ListTracesRequest.newBuilder().setMinDurationNanos(100 * MILLI)).getTraces(0);
    assertThat(slow.getTraceId()).isEqualTo(SLOW);
    assertThat(slow.getSpans()).isEqualTo(2);
    assertThat(slow.getServices()).isEqualTo(2);
    assertThat(slow.getError()).isTrue();
    assertThat(slow.getStatusCode()).isEqualTo(200);
    assertThat(slow.getRootService()).isEqualTo("front");
    assertThat(slow.getRootOperation()).isEqualTo("GET /checkout");
    assertThat(slow.getRootCause()).isEqualTo("pay POST /pay: 400ms self time (95%), status 503");
  }

  @Test
  void slowerThanAPercentile_isMeasuredByTheSameTimeRange() {
    ListTracesRequest.Builder request =
        ListTracesRequest.newBuilder().setServiceName("pay").setRoute("POST /pay");
    assertThat(list(request).getTracesList()).hasSize(2);
    ListTracesResponse slow = list(request.setSlowerThanPercentile("p99"));
    assertThat(slow.getTracesList()).extracting(TraceSummary::getTraceId).containsExactly(SLOW);
    assertThat(slow.getSlowerThanNanos()).isBetween(370 * MILLI, 400 * MILLI);
    assertThat(list(request.setSlowerThanPercentile("p50")).getTracesList())
        .extracting(TraceSummary::getTraceId)
        .containsExactly(SLOW, FAST);
    assertThat(list(request.setRoute("GET /pay")).getTracesList()).isEmpty();
    assertThatThrownBy(() -> list(request.setSlowerThanPercentile("p42")))
        .isInstanceOf(RpcException.class);
  }

  @Test
  void get_takesAnyFormOfTheId() {
    for (String id : List.of(FAST, "AAAAAA01", "00-" + FAST + "-00f067aa0ba902b7-01")) {
      GetTraceResponse trace = get(id);
      assertThat(trace.getTraceId()).isEqualTo(FAST);
      assertThat(trace.getSpansList()).hasSize(3);
      assertThat(trace.getServicesList()).containsExactly("front", "pay");
      assertThat(trace.getNodesList()).hasSize(2);
      assertThat(trace.getNodes(1).getDepth()).isEqualTo(2);
      assertThat(trace.getSpans(trace.getNodes(1).getSpan()).getServiceName()).isEqualTo("pay");
      assertThat(trace.getSpans(trace.getNodes(1).getClientSpan() - 1).getSpanKind())
          .isEqualTo("client");
    }
  }

  @Test
  void get_ofNoneOrSeveral_isRefused() {
    assertThatThrownBy(() -> get("bbbbbb")).hasMessageContaining("no span of a trace \"bbbbbb\"");
    assertThatThrownBy(() -> get("aaaaaa"))
        .hasMessageContaining("begins several traces: " + FAST + ", " + SLOW);
    assertThat(handlers.spans("bbbbbb")).isEmpty();
  }

  @Test
  void newestSpans_areThoseOfWholeTraces() {
    assertThat(handlers.newestSpans(List.of("pay"), NOON_NANOS, NOON_NANOS + MINUTE, 1)).hasSize(3);
  }
}
