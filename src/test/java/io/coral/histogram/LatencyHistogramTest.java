package io.coral.histogram;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class LatencyHistogramTest {
  @Test
  void bounds_ofNeighbours_areAtMostEightPercentApart() {
    for (int i = 1; i < Bounds.COUNT - 1; i++) {
      double ratio = (double) Bounds.upperNanos(i) / Bounds.upperNanos(i - 1);
      assertThat(ratio).as("bucket %s", i).isBetween(1.0, 1.0801);
    }
  }

  @Test
  void bounds_ofTheSpecificationsAndOpenTelemetry_areAmongThem() {
    double[] seconds = {.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};
    for (double each : seconds) {
      long nanos = Math.round(each * 1e9);
      assertThat(Bounds.upperNanos(Bounds.bucketOf(nanos))).isEqualTo(nanos);
    }
    for (double millis : Bounds.SEED_MILLIS) {
      long nanos = Math.round(millis * 1e6);
      assertThat(Bounds.upperNanos(Bounds.bucketOf(nanos))).isEqualTo(nanos);
      assertThat(Bounds.seedUpperMillis(Bounds.bucketOf(nanos))).isEqualTo(millis);
      assertThat(Bounds.seedUpperMillis(Bounds.bucketOf(nanos + 1))).isGreaterThan(millis);
    }
  }

  @Test
  void bucketOf_aboveAnHour_isTheLast() {
    assertThat(Bounds.bucketOf(Long.MAX_VALUE)).isEqualTo(Bounds.COUNT - 1);
    assertThat(Bounds.bucketOf(0)).isZero();
    assertThat(Bounds.seedUpperMillis(Bounds.COUNT - 1)).isInfinite();
  }

  @Test
  void quantile_ofUniformDurations_isWithinABucket() {
    LatencyHistogram histogram = new LatencyHistogram();
    for (int millis = 1; millis <= 1000; millis++) {
      histogram.record(millis * 1_000_000L);
    }
    assertThat(histogram.quantileNanos(0.50) / 1e6).isCloseTo(500, within(40.0));
    assertThat(histogram.quantileNanos(0.99) / 1e6).isCloseTo(990, within(80.0));
    assertThat(histogram.total()).isEqualTo(1000);
  }

  @Test
  void quantile_ofNothing_isZero() {
    assertThat(new LatencyHistogram().quantileNanos(0.95)).isZero();
    assertThat(new LatencyHistogram().sparseCounts()).isEmpty();
  }

  @Test
  void record_ofNegativeDuration_countsAsZero() {
    LatencyHistogram histogram = new LatencyHistogram();
    histogram.record(-5);
    assertThat(histogram.offset()).isZero();
    assertThat(histogram.sparseCounts()).containsExactly(1);
  }

  @Test
  void merge_beyondTheTable_isRefused() {
    LatencyHistogram histogram = new LatencyHistogram();
    assertThatThrownBy(() -> histogram.merge(Bounds.COUNT, new int[] {1}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void recordBetween_spreadsEvenly_andLosesNothing() {
    LatencyHistogram histogram = new LatencyHistogram();
    histogram.recordBetween(100_000_000, 250_000_000, 1001);
    assertThat(histogram.total()).isEqualTo(1001);
    assertThat(histogram.quantileNanos(0.5) / 1e6).isCloseTo(175, within(3.0));
    assertThat(Bounds.lowerNanos(histogram.offset())).isEqualTo(100_000_000);
    int last = histogram.offset() + histogram.sparseCounts().length - 1;
    assertThat(Bounds.upperNanos(last)).isEqualTo(250_000_000);
    histogram.recordBetween(0, 0, 2);
    assertThat(histogram.offset()).isZero();
    assertThat(histogram.total()).isEqualTo(1003);
  }

  @Test
  void recordBetween_withoutUpperBound_countsRightAboveTheLower() {
    LatencyHistogram histogram = new LatencyHistogram();
    histogram.recordBetween(10_000_000_000L, Long.MAX_VALUE, 3);
    assertThat(Bounds.lowerNanos(histogram.offset())).isEqualTo(10_000_000_000L);
    assertThat(histogram.sparseCounts()).containsExactly(3);
    histogram.recordBetween(Long.MAX_VALUE, Long.MAX_VALUE, 1);
    assertThat(histogram.total()).isEqualTo(4);
  }
}
