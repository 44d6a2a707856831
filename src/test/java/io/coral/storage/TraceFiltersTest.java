package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class TraceFiltersTest {
  private static final int TRACES = 40_000;
  private static final int SPANS_A_TRACE = 5;
  private static final long FIRST_ROW = 1_000;

  private final SplittableRandom random = new SplittableRandom(7);

  private UUID id() {
    return new UUID(random.nextLong(), random.nextLong());
  }

  @Test
  void everyTrace_isFound_andOthersRarely() {
    List<UUID> ids = new ArrayList<>();
    TraceFilters filters = new TraceFilters(FIRST_ROW);
    for (int trace = 0; trace < TRACES; trace++) {
      UUID id = id();
      ids.add(id);
      long[] hashes = new long[SPANS_A_TRACE];
      Arrays.fill(
          hashes, TraceFilters.hash(id.getMostSignificantBits(), id.getLeastSignificantBits()));
      filters.add(hashes, hashes.length);
    }
    for (int trace = 0; trace < TRACES; trace += 7) {
      long first = FIRST_ROW + (long) trace * SPANS_A_TRACE;
      assertThat(filters.find(List.of(ids.get(trace))).toArray())
          .contains(LongStream.range(first, first + SPANS_A_TRACE).toArray());
    }
    assertThat(filters.rows()).isEqualTo(TRACES * SPANS_A_TRACE);
    long others = 0;
    for (int i = 0; i < 1_000; i++) {
      others += filters.find(List.of(id())).count();
    }
    // 195 blocks are looked at each time, of which 2 may have it, with 1 row of 64,000.
    assertThat(others).isLessThan(200);
  }

  @Test
  void empty_hasNothing() {
    assertThat(new TraceFilters(0).find(List.of(id()))).isEmpty();
  }
}
