package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.SeqRanges;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class LostSeqsTest {
  private static final long STEP = Duration.ofMinutes(10).toNanos();

  @Test
  void whatIsFoundWithinTenMinutes_isFoundAtTheirEnd() {
    LostSeqs found =
        LostSeqs.of(SeqRanges.of(1, 2), 1)
            .plus(LostSeqs.of(SeqRanges.of(3, 4), STEP))
            .plus(LostSeqs.of(SeqRanges.of(5, 6), STEP + 1));
    assertThat(found)
        .isEqualTo(new LostSeqs(Map.of(STEP, SeqRanges.of(1, 4), 2 * STEP, SeqRanges.of(5, 6))));
    long day = Duration.ofDays(1).toNanos();
    assertThat(found.asOf(day + STEP)).isEqualTo(found);
    assertThat(found.asOf(day + STEP + 1))
        .isEqualTo(new LostSeqs(Map.of(2 * STEP, SeqRanges.of(5, 6), day, SeqRanges.of(1, 4))));
  }

  @Test
  void whatIsFoundTwice_countsOnce_andTheLaterTime() {
    LostSeqs found =
        LostSeqs.of(SeqRanges.of(1, 10), 0)
            .plus(LostSeqs.of(SeqRanges.of(8, 12), LostSeqs.ANY_TIME));
    assertThat(found.counts()).isEqualTo(Map.of(0L, 7L, LostSeqs.ANY_TIME, 5L));
  }

  @Test
  void whatCameAfterAll_isLostNoMore() {
    LostSeqs found = LostSeqs.of(SeqRanges.of(1, 4), 0).plus(LostSeqs.of(SeqRanges.of(7, 7), STEP));
    assertThat(found.minus(SeqRanges.of(2, 7))).isEqualTo(LostSeqs.of(SeqRanges.of(1, 1), 0));
    assertThat(found.minus(SeqRanges.of(1, 7)).isEmpty()).isTrue();
    assertThat(LostSeqs.of(SeqRanges.NONE, 0)).isEqualTo(LostSeqs.NONE);
  }
}
