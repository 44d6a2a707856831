package io.coral.storage;

import io.coral.model.SeqRanges;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/// Numbers whose rows are lost, by when that was found: rows that came to be later are not among
/// them.
///
/// @param found by Unix time in nanoseconds, a multiple of ten minutes or of a day, or [#ANY_TIME]
public record LostSeqs(Map<Long, SeqRanges> found) {
  /// When it is not known how old rows are at the most.
  public static final long ANY_TIME = Long.MAX_VALUE;

  public static final LostSeqs NONE = new LostSeqs(Map.of());

  private static final long STEP_NANOS = 600_000_000_000L;
  private static final long DAY_NANOS = 144 * STEP_NANOS;

  public LostSeqs {
    found = Map.copyOf(found);
  }

  /// @param foundUnixNanos rounded up, so that what is found again and again takes little room
  public static LostSeqs of(SeqRanges seqs, long foundUnixNanos) {
    return seqs.isEmpty() ? NONE : new LostSeqs(Map.of(end(foundUnixNanos, STEP_NANOS), seqs));
  }

  private static long end(long time, long step) {
    return time > ANY_TIME - step ? ANY_TIME : Math.ceilDiv(time, step) * step;
  }

  /// Of which it is not known how old they are at the most.
  public static LostSeqs atAnyTime(SeqRanges seqs) {
    return of(seqs, ANY_TIME);
  }

  public boolean isEmpty() {
    return found.isEmpty();
  }

  public LostSeqs plus(LostSeqs other) {
    Map<Long, SeqRanges> both = new TreeMap<>(found);
    other.found.forEach((time, seqs) -> both.merge(time, seqs, SeqRanges::plus));
    return new LostSeqs(both);
  }

  public LostSeqs minus(SeqRanges seqs) {
    if (isEmpty() || seqs.isEmpty()) {
      return this;
    }
    Map<Long, SeqRanges> left = new TreeMap<>(found);
    left.replaceAll((_, of) -> of.minus(seqs));
    left.values().removeIf(SeqRanges::isEmpty);
    return new LostSeqs(left);
  }

  /// The same with what was found more than a day ago by day only.
  public LostSeqs asOf(long nowUnixNanos) {
    Map<Long, SeqRanges> coarse = new TreeMap<>();
    found.forEach(
        (time, seqs) ->
            coarse.merge(
                time < nowUnixNanos - DAY_NANOS ? end(time, DAY_NANOS) : time,
                seqs,
                SeqRanges::plus));
    return new LostSeqs(coarse);
  }

  /// Whenever that was found.
  public SeqRanges all() {
    return found.values().stream().reduce(SeqRanges.NONE, SeqRanges::plus);
  }

  /// How many there are by when that was found last.
  public NavigableMap<Long, Long> counts() {
    NavigableMap<Long, Long> counts = new TreeMap<>();
    SeqRanges counted = SeqRanges.NONE;
    for (Map.Entry<Long, SeqRanges> each : new TreeMap<>(found).descendingMap().entrySet()) {
      long count = each.getValue().minus(counted).size();
      counted = counted.plus(each.getValue());
      if (count > 0) {
        counts.put(each.getKey(), count);
      }
    }
    return counts;
  }
}
