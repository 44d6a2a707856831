package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a colony adds up by hour and day against the windows themselves.
final class RollupTest {
  private static final long NOON = AgentStoreTest.NOON.getEpochSecond() * 1_000_000_000L;
  private static final long MINUTE = 60_000_000_000L;
  private static final long HOUR = 60 * MINUTE;
  private static final List<Long> STEPS =
      List.of(SumsQuestion.ONE_STEP, 24 * HOUR, HOUR, 2 * HOUR, 36 * HOUR, MINUTE, 10 * MINUTE);
  private static final List<List<String>> BY =
      List.of(
          List.of("service", "role"),
          List.of("method", "route", "status"),
          List.of("agent_id", "service"),
          List.of("service", "role", "status", "name_source", "agent_id"),
          List.of(),
          List.of("system"));

  @TempDir Path directory;
  private final Random random = new Random(11);
  private final SteppingClock clock = new SteppingClock(AgentStoreTest.NOON);

  /// Windows of the two days around a time, in no order.
  private ColumnBatch windows(int count, long around) {
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, count);
    for (int i = 0; i < count; i++) {
      LatencyHistogram histogram = new LatencyHistogram();
      int requests = 1 + random.nextInt(9);
      for (int k = 0; k < requests; k++) {
        histogram.record((long) Math.exp(random.nextDouble() * 22));
      }
      long window = around + (random.nextInt(2 * 8640) - 8640) * 10_000_000_000L;
      rows.add(window)
          .add("s" + random.nextInt(3))
          .add(1 + random.nextInt(2))
          .add("GET")
          .add("/" + random.nextInt(3))
          .add(random.nextBoolean() ? 200 : 500)
          .add("")
          .add(requests)
          .add(requests * 1000L)
          .add(0)
          .add(0)
          .add(window + random.nextInt(1000))
          .add(histogram.offset())
          .add(histogram.sparseCounts())
          .add(random.nextBoolean() ? "otlp" : "executable")
          .add("{}")
          .add("http")
          .add(random.nextInt(requests + 1))
          .add("otlp")
          .add(random.nextInt(8) == 0 ? 0 : 1);
    }
    return rows.build();
  }

  private SumsQuestion question() {
    long since = NOON + random.nextInt(-3000, 6000) * MINUTE;
    Map<String, Set<String>> where = new HashMap<>();
    if (random.nextBoolean()) {
      where.put("role", Set.of("1"));
    }
    if (random.nextBoolean()) {
      where.put("service", Set.of("s0", "s2", "none"));
    }
    return new SumsQuestion(
        List.of(StreamSchema.HTTP_METRICS),
        BY.get(random.nextInt(BY.size())),
        where,
        random.nextInt(4) == 0 ? 0 : since,
        random.nextInt(4) == 0 ? Long.MAX_VALUE : since + random.nextInt(1, 6000) * MINUTE,
        STEPS.get(random.nextInt(STEPS.size())),
        random.nextInt(4) != 0);
  }

  private static Map<SumTable.Key, String> answer(
      ColonyStore store, Set<String> agents, SumsQuestion question) {
    SumSource sums =
        agents.isEmpty() ? StoreQueries.of(store).sums() : StoreQueries.of(store, agents).sums();
    return sums.sums(question).sums().entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                each -> {
                  SumTable.Sum sum = each.getValue();
                  return "%d calls, %d errors, last %d, %d + %s"
                      .formatted(
                          sum.calls(),
                          sum.errors(),
                          sum.lastNanos(),
                          sum.histogram().offset(),
                          Arrays.toString(sum.histogram().sparseCounts()));
                },
                (a, _) -> a,
                TreeMap::new));
  }

  @Test
  void sumsOfHoursAndDays_whenRowsComeInAnyOrder_areThoseOfTheRows() {
    Map<String, Long> next = new HashMap<>();
    ColonyStore rolled = ColonyStore.open(directory.resolve("rolled"), clock);
    try (ColonyStore plain = ColonyStore.open(directory.resolve("plain"), clock)) {
      for (int round = 0; round < 8; round++) {
        String agent = "a" + random.nextInt(3);
        ColumnBatch batch =
            windows(
                random.nextInt(1, 150), clock.instant().getEpochSecond() / 10 * 10_000_000_000L);
        long first = next.merge(agent, 1L, (a, _) -> a);
        next.put(agent, first + batch.rows());
        Delivery delivery = new Delivery(agent, new NumberedBatch("http_metrics", 5, first, batch));
        plain.append(List.of(delivery));
        rolled.append(List.of(delivery));
        if (random.nextInt(3) != 0) {
          rolled.roll();
          assertThat(rolled.roll()).isFalse();
        }
        if (random.nextInt(6) == 0) {
          rolled.close();
          rolled = ColonyStore.open(directory.resolve("rolled"), clock);
        }
        for (int k = 0; k < 5; k++) {
          SumsQuestion question = question();
          Set<String> agents = random.nextBoolean() ? Set.of() : Set.of("a0", "a1");
          assertThat(answer(rolled, agents, question))
              .as("round %d: %s", round, question)
              .isEqualTo(answer(plain, agents, question));
        }
        // Days end, and now and then the clock goes back.
        clock.advance(Duration.ofHours(random.nextInt(5) == 0 ? -30 : random.nextInt(12)));
      }
    } finally {
      rolled.close();
    }
  }

  @Test
  void sumsOfAnEarlierVersion_whichHadFewerColumns_areMadeAnew() throws Exception {
    Delivery delivery =
        new Delivery("a0", new NumberedBatch("http_metrics", 5, 1, windows(80, NOON)));
    SumsQuestion question =
        new SumsQuestion(
            List.of(StreamSchema.HTTP_METRICS),
            List.of("service", "name_source"),
            Map.of(),
            0,
            Long.MAX_VALUE,
            SumsQuestion.ONE_STEP,
            true);
    Map<SumTable.Key, String> expected;
    try (ColonyStore store = ColonyStore.open(directory, clock)) {
      store.append(List.of(delivery));
      expected = answer(store, Set.of(), question);
      clock.advance(Duration.ofDays(1));
      assertThat(store.roll()).isTrue();
    }
    try (Connection file =
            DriverManager.getConnection(
                "jdbc:duckdb:" + directory.resolve("http_metrics-2026-11-21.duckdb"));
        Statement statement = file.createStatement()) {
      statement.execute("ALTER TABLE rollup DROP COLUMN name_source");
    }
    try (ColonyStore store = ColonyStore.open(directory, clock)) {
      assertThat(answer(store, Set.of(), question)).isEqualTo(expected);
      assertThat(store.roll()).isTrue();
      assertThat(answer(store, Set.of(), question)).isEqualTo(expected);
    }
  }
}
