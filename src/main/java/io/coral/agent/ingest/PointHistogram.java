package io.coral.agent.ingest;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.coral.histogram.LatencyHistogram;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The buckets of a data point, as `details` of [io.coral.model.StreamSchema#METRICS] has them.
/// Immutable.
///
/// @param scale of an exponential histogram; [#EXPLICIT] for one with bounds
/// @param bounds upper bounds, ascending; of an exponential histogram none
/// @param offset index of the first count of an exponential histogram, else 0
/// @param counts with bounds, one more than there are bounds
/// @param zeros of an exponential histogram, else 0
/// @param zeroThreshold up to which it counts as zero
record PointHistogram(
    int scale, double[] bounds, int offset, long[] counts, long zeros, double zeroThreshold) {
  /// Not one of the scales there are (-10 to 20).
  static final int EXPLICIT = Integer.MAX_VALUE;

  /// @param details JSON
  /// @return null when it has no buckets
  static @Nullable PointHistogram of(String details) {
    if (details.isEmpty()) {
      return null;
    }
    JsonObject json = JsonParser.parseString(details).getAsJsonObject();
    if (json.has("scale")) {
      JsonObject positive =
          json.get("positive") instanceof JsonObject object ? object : new JsonObject();
      return new PointHistogram(
          json.get("scale").getAsInt(),
          new double[0],
          positive.has("offset") ? positive.get("offset").getAsInt() : 0,
          longs(positive.get("counts")),
          json.has("zero_count") ? json.get("zero_count").getAsLong() : 0,
          json.has("zero_threshold") ? json.get("zero_threshold").getAsDouble() : 0);
    }
    long[] counts = longs(json.get("counts"));
    if (counts.length == 0) {
      return null;
    }
    double[] bounds =
        json.get("bounds") instanceof JsonArray array
            ? array.asList().stream().mapToDouble(JsonElement::getAsDouble).toArray()
            : new double[0];
    return new PointHistogram(EXPLICIT, bounds, 0, counts, 0, 0);
  }

  private static long[] longs(@Nullable JsonElement list) {
    return list instanceof JsonArray array
        ? array.asList().stream().mapToLong(JsonElement::getAsLong).toArray()
        : new long[0];
  }

  /// What was counted since an earlier point of the same series.
  ///
  /// @return null when it cannot be a later one
  @Nullable PointHistogram minus(PointHistogram before) {
    if ((scale == EXPLICIT) != (before.scale == EXPLICIT)
        || !Arrays.equals(bounds, before.bounds)) {
      return null;
    }
    int coarser = Math.min(scale, before.scale);
    PointHistogram now = scaled(coarser);
    PointHistogram then = before.scaled(coarser);
    int from = Math.min(now.offset, then.offset);
    int to = Math.max(now.offset + now.counts.length, then.offset + then.counts.length);
    long[] difference = new long[to - from];
    for (int i = 0; i < now.counts.length; i++) {
      difference[now.offset + i - from] += now.counts[i];
    }
    for (int i = 0; i < then.counts.length; i++) {
      difference[then.offset + i - from] -= then.counts[i];
    }
    return zeros < before.zeros || Arrays.stream(difference).anyMatch(count -> count < 0)
        ? null
        : new PointHistogram(
            coarser, bounds, from, difference, zeros - before.zeros, zeroThreshold);
  }

  /// With wider buckets, each of which holds `2^(scale - coarser)` of these.
  private PointHistogram scaled(int coarser) {
    if (coarser == scale || counts.length == 0) {
      return this;
    }
    int shift = Math.min(31, scale - coarser);
    int first = offset >> shift;
    int last = (offset + counts.length - 1) >> shift;
    long[] wider = new long[last - first + 1];
    for (int i = 0; i < counts.length; i++) {
      wider[((offset + i) >> shift) - first] += counts[i];
    }
    return new PointHistogram(coarser, bounds, first, wider, zeros, zeroThreshold);
  }

  long total() {
    return zeros + Arrays.stream(counts).sum();
  }

  /// Adds it to a histogram of durations: what lies in a bucket evenly over its width, what is
  /// above the last bound right above it.
  ///
  /// @param unitNanos what 1 is
  void addTo(LatencyHistogram durations, double unitNanos) {
    if (scale == EXPLICIT) {
      long lower = 0;
      for (int i = 0; i < counts.length; i++) {
        long upper = i == bounds.length ? Long.MAX_VALUE : nanos(bounds[i], unitNanos);
        durations.recordBetween(lower, upper, counts[i]);
        lower = upper;
      }
      return;
    }
    durations.recordBetween(0, nanos(zeroThreshold, unitNanos), zeros);
    double step = Math.scalb(1.0, -scale);
    for (int i = 0; i < counts.length; i++) {
      // Bucket n holds what is above base^n and not above base^(n+1), base = 2^(2^-scale).
      long lower = nanos(Math.pow(2, (offset + i) * step), unitNanos);
      long upper = nanos(Math.pow(2, (offset + i + 1) * step), unitNanos);
      durations.recordBetween(lower, upper, counts[i]);
    }
  }

  private static long nanos(double value, double unitNanos) {
    return Math.max(0, Math.round(value * unitNanos));
  }
}
