package io.coral.histogram;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

final class LatencyHistogramProperties {
  @Property
  void merge_ofParts_equalsTheWhole(
      @ForAll @Size(max = 60) List<@LongRange(min = 0, max = 4_000_000_000_000L) Long> durations,
      @ForAll @LongRange(min = 0, max = 60) long cut) {
    LatencyHistogram whole = new LatencyHistogram();
    LatencyHistogram first = new LatencyHistogram();
    LatencyHistogram second = new LatencyHistogram();
    for (int i = 0; i < durations.size(); i++) {
      whole.record(durations.get(i));
      (i < cut ? first : second).record(durations.get(i));
    }
    LatencyHistogram merged = new LatencyHistogram();
    merged.merge(second.offset(), second.sparseCounts());
    merged.merge(first.offset(), first.sparseCounts());
    assertThat(merged.sparseCounts()).isEqualTo(whole.sparseCounts());
    assertThat(merged.offset()).isEqualTo(whole.offset());
    assertThat(merged.quantileNanos(0.95)).isEqualTo(whole.quantileNanos(0.95));
  }
}
