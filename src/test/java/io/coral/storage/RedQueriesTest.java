package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is added up in memory by the minute against what SQL adds up from the rows.
final class RedQueriesTest {
  private static final long NOON = AgentStoreTest.NOON.getEpochSecond() * 1_000_000_000L;
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;
  private static final List<String> SERVICES = List.of("shop", "pay");

  @TempDir Path directory;
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);
  private final Random random = new Random(7);

  /// Windows of ten minutes, in no order; one in eight does not count.
  private ColumnBatch windows(int count) {
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, count);
    for (int i = 0; i < count; i++) {
      LatencyHistogram histogram = new LatencyHistogram();
      int requests = 1 + random.nextInt(20);
      for (int k = 0; k < requests; k++) {
        histogram.record((long) Math.exp(random.nextDouble() * 22));
      }
      long window = NOON + random.nextInt(60) * (10 * SECOND);
      int errors = random.nextInt(requests + 1);
      rows.add(window)
          .add(SERVICES.get(random.nextInt(2)))
          .add(random.nextBoolean() ? Role.SERVER.code() : Role.CLIENT.code())
          .add("GET")
          .add("/" + random.nextInt(3))
          .add(200)
          .add("")
          .add(requests)
          .add(requests * 1000L)
          .add(0)
          .add(0)
          .add(window)
          .add(histogram.offset())
          .add(histogram.sparseCounts())
          .add("otlp")
          .add("{}")
          .add("http")
          .add(errors)
          .add("otlp")
          .add(random.nextInt(8) == 0 ? 0 : 1);
    }
    return rows.build();
  }

  private static RedQueries.Question question(
      String service, long since, long until, long step, boolean byOperation) {
    return new RedQueries.Question(
        List.of(service), List.of(Role.SERVER), since, until, step, byOperation);
  }

  /// By minute, whatever the step was.
  private static Map<Long, String> byMinute(RedQueries queries, RedQueries.Question question) {
    Map<Long, RedQueries.Counts> counts = new TreeMap<>();
    queries
        .counts(question)
        .forEach(
            (_, steps) ->
                steps.forEach(
                    (step, some) ->
                        counts.merge(
                            step / MINUTE,
                            some,
                            (a, b) ->
                                new RedQueries.Counts(
                                    a.calls() + b.calls(), a.errors() + b.errors()))));
    Map<Long, LatencyHistogram> histograms = new TreeMap<>();
    queries
        .durations(question)
        .forEach(
            (_, steps) ->
                steps.forEach(
                    (step, some) ->
                        histograms
                            .computeIfAbsent(step / MINUTE, _ -> new LatencyHistogram())
                            .merge(some.offset(), some.sparseCounts())));
    Map<Long, String> told = new TreeMap<>();
    counts.forEach(
        (minute, some) -> {
          LatencyHistogram histogram = histograms.getOrDefault(minute, new LatencyHistogram());
          told.put(
              minute,
              some
                  + " "
                  + histogram.offset()
                  + List.of(histogram.sparseCounts().length)
                  + histogram.total()
                  + " "
                  + histogram.quantileNanos(0.9));
        });
    return told;
  }

  private static void assertSame(AgentStore store) {
    RedQueries queries = new RedQueries(store);
    for (String service : SERVICES) {
      long since = NOON + 90 * SECOND;
      long until = NOON + 8 * MINUTE + SECOND;
      Map<Long, String> held = byMinute(queries, question(service, since, until, MINUTE, false));
      assertThat(held).hasSize(8).containsKey(NOON / MINUTE + 1).containsKey(NOON / MINUTE + 8);
      assertThat(byMinute(queries, question(service, since, until, 10 * SECOND, false)))
          .isEqualTo(held);
      assertThat(byMinute(queries, question(service, since, until, MINUTE, true))).isEqualTo(held);
      assertThat(byMinute(queries, question(service, 0, Long.MAX_VALUE, MINUTE, true)))
          .isEqualTo(byMinute(queries, question(service, 0, Long.MAX_VALUE, MINUTE, false)))
          .hasSize(10);
    }
  }

  @Test
  void minutesInMemory_equalThoseOfTheRows() {
    try (AgentStore store = AgentStore.open(directory, clock)) {
      store.append(List.of(windows(400)));
      clock.advance(Duration.ofMinutes(11));
      store.append(List.of(windows(300)));
      store.append(List.of(windows(300)));
      assertSame(store);
    }
  }

  @Test
  void afterARestart_asWell_andWithMoreRows() {
    try (AgentStore store = AgentStore.open(directory, clock)) {
      store.append(List.of(windows(400)));
    }
    try (AgentStore store = AgentStore.open(directory, clock)) {
      store.append(List.of(windows(100)));
      assertSame(store);
      store.append(List.of(windows(100)));
      assertSame(store);
    }
  }

  @Test
  void moreSumsThanAreHeld_areReadFromTheRows() {
    try (AgentStore store = AgentStore.open(directory, clock)) {
      ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.SERVICE_CALLS, 20_000);
      for (int i = 0; i < 20_000; i++) {
        rows.add(NOON + i % 60 * MINUTE)
            .add("caller-" + i / 60)
            .add("shop")
            .add(2L)
            .add(1L)
            .add(2000L)
            .add(3L)
            .add(new int[] {1, 1})
            .add("otlp");
      }
      store.append(List.of(rows.build()));
      List<SpanSearch.Dependency> dependencies =
          new CallQueries(store).dependencies(NOON, NOON + 60 * MINUTE);
      assertThat(dependencies).hasSize(334);
      assertThat(dependencies.stream().mapToLong(SpanSearch.Dependency::calls).sum())
          .isEqualTo(40_000);
      assertThat(dependencies.stream().mapToLong(SpanSearch.Dependency::errors).sum())
          .isEqualTo(20_000);
    }
  }
}
