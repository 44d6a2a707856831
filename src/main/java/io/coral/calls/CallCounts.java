package io.coral.calls;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.util.HashMap;
import java.util.Map;

/// Counts calls between services by the minute in which they ended, as rows of
/// [StreamSchema#SERVICE_CALLS]: each what was added since the last one. One thread; about 1.4 KB a
/// pair of services and minute.
public final class CallCounts {
  private static final long MINUTE_NANOS = 60_000_000_000L;

  /// More pairs than this are not told apart; a host has some tens.
  private static final int MOST_PAIRS = 10_000;

  private static final String OTHERS = "(other)";

  private final String source;
  private Map<Key, Counted> counts = new HashMap<>();

  private record Key(long minuteUnixNanos, String caller, String service) {}

  private static final class Counted {
    final LatencyHistogram histogram = new LatencyHistogram();
    long errors;
    long durationNanos;
  }

  /// @param source who saw the calls, as in the rows
  public CallCounts(String source) {
    this.source = source;
  }

  /// Counts a call, seen where it was served.
  public void add(
      String caller, String service, long endUnixNanos, long durationNanos, boolean failed) {
    long minute = Math.floorDiv(endUnixNanos, MINUTE_NANOS) * MINUTE_NANOS;
    Key key = new Key(minute, caller, service);
    if (counts.size() >= MOST_PAIRS && !counts.containsKey(key)) {
      key = new Key(minute, OTHERS, OTHERS);
    }
    Counted counted = counts.computeIfAbsent(key, _ -> new Counted());
    counted.histogram.record(durationNanos);
    counted.errors += failed ? 1 : 0;
    counted.durationNanos += durationNanos;
  }

  /// The rows since the last time.
  public ColumnBatch flush() {
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.SERVICE_CALLS, counts.size());
    counts.forEach(
        (key, counted) ->
            rows.add(key.minuteUnixNanos)
                .add(key.caller)
                .add(key.service)
                .add(counted.histogram.total())
                .add(counted.errors)
                .add(counted.durationNanos)
                .add(counted.histogram.offset())
                .add(counted.histogram.sparseCounts())
                .add(source));
    counts = new HashMap<>();
    return rows.build();
  }
}
