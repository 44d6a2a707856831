package io.coral.calls;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

final class CallPairsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE = 60 * SECOND;
  private static final int SPANS = 200_000;
  private static final int SERVICES = 9;

  private final LongAdder unpaired = new LongAdder();
  private final CallCounts counts = new CallCounts("otlp");
  private final CallPairs pairs = new CallPairs(counts, unpaired);

  /// A span of a trace; `parent` is -1 for the first one.
  private record Made(long trace, long id, int parent, String service, boolean served) {}

  private static Map<String, Long> read(ColumnBatch batch, String column) {
    StreamSchema schema = batch.schema();
    Map<String, Long> read = new TreeMap<>();
    for (int row = 0; row < batch.rows(); row++) {
      String caller = batch.dictionary().text(batch.textIds(schema.position("caller"))[row]);
      String service = batch.dictionary().text(batch.textIds(schema.position("service"))[row]);
      read.merge(caller + ">" + service, batch.longs(schema.position(column))[row], Long::sum);
    }
    return read;
  }

  @Test
  void everyCall_isCountedOnce_whateverTheOrder() {
    Random random = new Random(3);
    List<Made> made = new ArrayList<>();
    Map<String, Long> expected = new TreeMap<>();
    for (int i = 0; i < SPANS; i++) {
      boolean first = i % 8 == 0;
      int parent = first ? -1 : i - 1 - random.nextInt(i % 8);
      Made span =
          new Made(
              i / 8,
              random.nextLong(),
              parent,
              "s" + random.nextInt(SERVICES),
              random.nextBoolean());
      made.add(span);
      if (parent >= 0 && span.served && !made.get(parent).service.equals(span.service)) {
        expected.merge(made.get(parent).service + ">" + span.service, 1L, Long::sum);
      }
    }
    List<Integer> order = new ArrayList<>();
    // Those of a trace come within some thousand others.
    for (int from = 0; from < SPANS; from += 4_000) {
      List<Integer> some = new ArrayList<>();
      for (int i = from; i < from + 4_000; i++) {
        some.add(i);
      }
      Collections.shuffle(some, random);
      order.addAll(some);
    }
    for (int i : order) {
      Made span = made.get(i);
      int place = pairs.place("", span.service);
      pairs.span(CallPairs.key(span.trace, 1, span.id), place, 0);
      if (span.served && span.parent >= 0) {
        long parent = CallPairs.key(span.trace, 1, made.get(span.parent).id);
        pairs.call(parent, place, MINUTE, SECOND, i % 2 == 0, 0);
      }
    }
    ColumnBatch rows = counts.flush();
    assertThat(read(rows, "calls")).isEqualTo(expected);
    assertThat(read(rows, "errors").values().stream().mapToLong(Long::longValue).sum())
        .isBetween(1L, SPANS / 2L);
    assertThat(counts.flush().rows()).isZero();
    assertThat(unpaired.sum()).isZero();
  }

  @Test
  void call_withoutItsCaller_isSaidAfterAWhile() {
    int place = pairs.place("", "cart");
    pairs.call(1, place, MINUTE, SECOND, false, 0);
    for (int second = 1; second < 60; second++) {
      pairs.call(100 + second, place, MINUTE, SECOND, false, second * SECOND);
    }
    assertThat(unpaired.sum()).isBetween(1L, 45L);
    // Too late.
    pairs.span(1, pairs.place("", "frontend"), 60 * SECOND);
    assertThat(counts.flush().rows()).isZero();
  }

  @Test
  void minute_isThatOfTheCallsEnd() {
    pairs.span(1, pairs.place("", "frontend"), 0);
    pairs.call(1, pairs.place("", "cart"), 5 * MINUTE - 1, SECOND, false, 0);
    pairs.call(1, pairs.place("", "cart"), 5 * MINUTE, SECOND, true, 0);
    ColumnBatch rows = counts.flush();
    assertThat(rows.longs(0)).containsExactlyInAnyOrder(4 * MINUTE, 5 * MINUTE);
  }

  @Test
  void callsWithinAnAgent_areLeftToIt() {
    int caller = pairs.place("a", "frontend");
    pairs.span(1, caller, 0);
    pairs.call(1, pairs.place("a", "cart"), MINUTE, SECOND, false, 0);
    pairs.call(1, pairs.place("b", "cart"), MINUTE, SECOND, false, 0);
    pairs.call(1, pairs.place("b", "frontend"), MINUTE, SECOND, false, 0);
    assertThat(read(counts.flush(), "calls")).isEqualTo(Map.of("frontend>cart", 1L));
  }

  @Test
  void memory_staysWithinItsBound() {
    int place = pairs.place("", "cart");
    for (long i = 1; i < 2_000_000; i++) {
      pairs.span(CallPairs.key(i, 2, 3), place, 0);
      pairs.call(CallPairs.key(i, 4, 5), place, MINUTE, SECOND, false, 0);
    }
    assertThat(unpaired.sum()).isBetween(2_000_000L - 2 * (1 << 16), 2_000_000L);
  }
}
