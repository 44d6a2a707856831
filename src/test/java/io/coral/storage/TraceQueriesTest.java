package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TraceQueriesTest {
  private static final long NOON = AgentStoreTest.NOON.getEpochSecond() * 1_000_000_000L;
  private static final long MILLI = 1_000_000;
  private static final long MINUTE = 60_000 * MILLI;
  private static final long LOW_HALF = 0x42L;

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);

  /// Rows of `traces`, with short ways to say what a test is about.
  private static final class Spans {
    private final ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACES, 16);

    Spans server(long trace, long id, long parent, String service, long start, long millis) {
      return add(trace, id, parent, service, Role.SERVER, "GET", "/x", start, millis, 200);
    }

    Spans client(long trace, long id, long parent, String service, long start, long millis) {
      return add(trace, id, parent, service, Role.CLIENT, "GET", "/x", start, millis, 200);
    }

    Spans add(
        long trace,
        long id,
        long parent,
        String service,
        Role role,
        String method,
        String route,
        long start,
        long millis,
        long status) {
      rows.add(trace, LOW_HALF)
          .add(id)
          .add(parent)
          .add(service)
          .add(method + " " + route)
          .add((long) role.code())
          .add(NOON + start)
          .add(millis * MILLI)
          .add(500L)
          .add(status)
          .add(method)
          .add(route)
          .add("10.0.0.9:80")
          .add("host")
          .add(1L)
          .add(2L)
          .add(77L)
          .add(parent == 0 ? "" : "thread")
          .add(id)
          .add(0L)
          .add("{\"environment\":\"test\"}");
      return this;
    }

    ColumnBatch build() {
      return rows.build();
    }
  }

  private static ColumnBatch alias(long from, long to, long span, long parent) {
    return new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 1)
        .add(from, LOW_HALF)
        .add(to, LOW_HALF)
        .add(span)
        .add(parent)
        .add(parent == 0 ? "" : "tcp-seq")
        .add(NOON)
        .build();
  }

  private static String id(long high) {
    return "%016x%016x".formatted(high, LOW_HALF);
  }

  private AgentStore open() {
    return AgentStore.open(directory, clock);
  }

  private static TraceFilter all(TraceFilter.Order order, long minDurationMillis) {
    return new TraceFilter(
        List.of(), "", "", 0, minDurationMillis * MILLI, NOON, NOON + MINUTE, order, 10);
  }

  @Test
  void trace_whosePartsWereJoinedLater_isOneTrace() {
    try (AgentStore store = open()) {
      store.append(
          List.of(
              new Spans().server(1, 11, 0, "web", 0, 100).client(1, 12, 11, "web", 1, 90).build(),
              new Spans().server(2, 21, 0, "api", 2, 80).client(2, 22, 21, "api", 3, 50).build()));
      store.append(List.of(alias(2, 1, 21, 12)));
      TraceQueries traces = new TraceQueries(store);
      for (long known : List.of(1L, 2L)) {
        Trace trace = traces.trace(id(known));
        assertThat(trace.traceId()).isEqualTo(id(1));
        assertThat(trace.spans())
            .extracting(span -> span.spanId().substring(14) + " < " + span.parentSpanId())
            .containsExactly(
                "0b < ", "0c < 000000000000000b", "15 < 000000000000000c", "16 < 0000000000000015");
        assertThat(trace.spans()).extracting(SpanRow::traceId).containsOnly(id(1));
        assertThat(trace.spans().get(2).attribute(SpanRow.EVIDENCE)).isEqualTo("tcp-seq");
      }
      assertThat(RankedTrace.ids(traces.list(all(TraceFilter.Order.NEWEST, 0))))
          .containsExactly(id(1));
    }
  }

  @Test
  void alias_ofTheNewestRow_counts() {
    try (AgentStore store = open()) {
      store.append(List.of(new Spans().server(5, 51, 0, "web", 0, 100).build()));
      store.append(List.of(alias(5, 6, 0, 0), alias(5, 7, 0, 0)));
      TraceQueries traces = new TraceQueries(store);
      assertThat(traces.trace(id(5)).traceId()).isEqualTo(id(7));
      assertThat(traces.trace(id(7)).spans()).hasSize(1);
      assertThat(traces.trace(id(6)).spans()).isEmpty();
    }
  }

  @Test
  void missingParent_isMarked() {
    try (AgentStore store = open()) {
      store.append(List.of(new Spans().server(1, 11, 99, "web", 0, 100).build()));
      SpanRow span = new TraceQueries(store).trace(id(1)).spans().getFirst();
      assertThat(span.attribute(SpanRow.PARENT_MISSING)).isEqualTo("true");
      assertThat(span.attributes())
          .containsEntry("http.request.method", "GET")
          .containsEntry("http.route", "/x")
          .containsEntry("http.response.status_code", "200")
          .containsEntry("network.peer", "10.0.0.9:80")
          .containsEntry("server.address", "host")
          .containsEntry("environment", "test");
    }
  }

  @Test
  void prefix_findsAmongManyInAllPartitions() {
    int perPartition = 40_000;
    SplittableRandom random = new SplittableRandom(7);
    long[] ids = new long[5 * perPartition];
    try (AgentStore store = open()) {
      for (int partition = 0; partition < 5; partition++) {
        Spans spans = new Spans();
        for (int i = 0; i < perPartition; i++) {
          long trace = random.nextLong();
          ids[partition * perPartition + i] = trace;
          spans.server(trace, i + 1, 0, "web", partition * 10L * MINUTE + i * 1_000L, 5);
        }
        store.append(List.of(spans.build()));
        clock.advance(Duration.ofMinutes(10));
      }
      TraceQueries traces = new TraceQueries(store);
      // Both halves of the signed range: DuckDB compares ids as their text does.
      for (int at = 3; at < ids.length; at += 19_997) {
        String whole = id(ids[at]);
        assertThat(traces.find(whole).traceIds()).containsExactly(whole);
        assertThat(traces.find(whole.substring(0, 12).toUpperCase(Locale.ROOT)).traceIds())
            .containsExactly(whole);
        assertThat(traces.find(whole.substring(0, 6)).traceIds()).contains(whole).isSorted();
        assertThat(traces.trace(whole).spans()).hasSize(1);
      }
      assertThat(traces.find("ffffffffffffffffffffffffffffffff").traceIds()).isEmpty();
    }
  }

  @Test
  void prefix_ofAPart_findsTheWhole() {
    try (AgentStore store = open()) {
      TraceQueries traces = new TraceQueries(store);
      assertThat(traces.find("800000").traceIds()).isEmpty();
      long part = 0x8000001000000000L;
      store.append(
          List.of(
              new Spans().server(1, 11, 0, "web", 0, 9).server(part, 21, 0, "api", 1, 5).build(),
              alias(part, 1, 21, 0)));
      assertThat(traces.find("800000").traceIds()).containsExactly(id(1));
      assertThat(traces.find("00000000").traceIds()).containsExactly(id(1));
    }
  }

  @Test
  void lists_areOrderedAndFiltered() {
    Spans spans =
        new Spans()
            .server(1, 11, 0, "web", 0, 100)
            .client(1, 12, 11, "web", 10, 80)
            .add(1, 13, 12, "api", Role.SERVER, "POST", "/pay", 11, 70, 500)
            .server(2, 21, 0, "web", 20 * MILLI, 300)
            .server(3, 31, 0, "web", 30 * MILLI, 20)
            .add(3, 32, 31, "api", Role.SERVER, "POST", "/pay", 31 * MILLI, 15, 200)
            .add(3, 33, 31, "api", Role.SERVER, "GET", "/pay", 32 * MILLI, 90, 200);
    try (AgentStore store = open()) {
      TraceQueries traces = new TraceQueries(store);
      assertThat(RankedTrace.ids(traces.list(all(TraceFilter.Order.NEWEST, 0)))).isEmpty();
      store.append(List.of(spans.build()));
      assertThat(RankedTrace.ids(traces.list(all(TraceFilter.Order.NEWEST, 0))))
          .containsExactly(id(3), id(2), id(1));
      assertThat(RankedTrace.ids(traces.list(all(TraceFilter.Order.SLOWEST, 95))))
          .containsExactly(id(2), id(1));
      assertThat(
              RankedTrace.ids(
                  traces.list(TraceFilter.newest(List.of("api", "none"), NOON, NOON + MINUTE, 1))))
          .containsExactly(id(3));
      assertThat(RankedTrace.ids(traces.list(served("POST", 1)))).containsExactly(id(1), id(3));
      assertThat(RankedTrace.ids(traces.list(served("POST", 60)))).containsExactly(id(1));
      assertThat(RankedTrace.ids(traces.list(served("", 60)))).containsExactly(id(3), id(1));
      assertThat(traces.traces(List.of(id(3), id(1))))
          .extracting(Trace::traceId)
          .containsExactly(id(3), id(1));
    }
  }

  private static TraceFilter served(String method, long millis) {
    return new TraceFilter(
        List.of("api"),
        method,
        "/pay",
        millis * MILLI,
        0,
        NOON,
        NOON + MINUTE,
        TraceFilter.Order.SLOWEST_SPAN,
        10);
  }

  @Test
  void exemplars_areTheSlowestAFailedAndTheNewest() {
    Spans spans =
        new Spans()
            .server(1, 11, 0, "web", 0, 100)
            .add(2, 21, 0, "web", Role.SERVER, "GET", "/x", 1, 10, 503)
            .server(3, 31, 0, "web", 2, 20)
            .server(4, 41, 0, "api", 3, 500)
            .add(5, 51, 0, "web", Role.SERVER, "GET", "/y", 1, 10, 200);
    try (AgentStore store = open()) {
      store.append(List.of(spans.build(), alias(3, 9, 0, 0)));
      TraceQueries traces = new TraceQueries(store);
      Map<String, List<String>> exemplars = new HashMap<>();
      traces
          .exemplars("web", NOON, NOON + MINUTE, Role.SERVER)
          .forEach((route, each) -> exemplars.put(route, each.traceIds()));
      assertThat(exemplars)
          .containsOnlyKeys("GET /x", "GET /y")
          .containsEntry("GET /x", List.of(id(1), id(2), id(9)))
          .containsEntry("GET /y", List.of(id(5)));
      assertThat(traces.exemplars("", NOON, NOON + MINUTE, Role.CLIENT)).isEmpty();
    }
  }

  @Test
  void slowNanos_isTheLowerBoundOfTheQuantilesBucket() {
    try (AgentStore store = open()) {
      store.append(
          List.of(
              AgentStoreTest.metrics("web", "/a", 200, 99, 10),
              AgentStoreTest.metrics("web", "/a", 200, 1, 900)));
      TelemetryQueries queries = new TelemetryQueries(store);
      assertThat(queries.slowNanos("web", "GET", "/a", NOON, NOON + 1, 0.95))
          .isBetween(9 * MILLI, 10 * MILLI);
      assertThat(queries.slowNanos("web", "", "", NOON, NOON + 1, 0.995))
          .isBetween(800 * MILLI, 900 * MILLI);
      assertThat(queries.slowNanos("web", "POST", "/a", NOON, NOON + 1, 0.5)).isEqualTo(-1);
    }
  }

  @Test
  void view_appliesAliases() throws Exception {
    Path file = directory.resolve("copy.duckdb");
    try (AgentStore store = open()) {
      store.append(
          List.of(
              new Spans().server(1, 11, 0, "web", 0, 9).server(2, 21, 0, "api", 1, 5).build(),
              alias(2, 1, 21, 11)));
      store.snapshot(file);
    }
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file);
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery("SELECT * FROM beyla_traces ORDER BY start_time, span_id")) {
      assertThat(result.getMetaData().getColumnCount()).isEqualTo(10);
      assertThat(result.next()).isTrue();
      assertThat(result.getString("attributes"))
          .doesNotContain("coral.link.evidence")
          .contains("\"environment\":\"test\"");
      assertThat(result.next()).isTrue();
      assertThat(result.getString("trace_id")).isEqualTo(id(1));
      assertThat(result.getString("parent_span_id")).isEqualTo("000000000000000b");
      assertThat(result.getString("attributes")).contains("\"coral.link.evidence\":\"tcp-seq\"");
    }
  }
}
