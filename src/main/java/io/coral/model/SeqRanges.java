package io.coral.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// A set of sequence numbers, all ≥ 1, as ranges in their order that neither overlap nor touch.
/// Immutable.
///
/// @param ranges oldest first
public record SeqRanges(List<Range> ranges) {
  /// No number.
  public static final SeqRanges NONE = new SeqRanges(List.of());

  private static final Comparator<Range> BY_BEGIN = Comparator.comparingLong(Range::from);

  public SeqRanges {
    ranges = List.copyOf(ranges);
  }

  /// Numbers from one to another.
  ///
  /// @param from inclusive
  /// @param to inclusive, ≥ `from`
  public record Range(long from, long to) {
    public Range {
      if (from < 1 || to < from) {
        throw new IllegalArgumentException(from + ".." + to + " (expected: 1 ≤ from ≤ to)");
      }
    }

    /// How many numbers.
    public long size() {
      return to - from + 1;
    }
  }

  /// Numbers from one to another; none when `to` is before `from`.
  public static SeqRanges of(long from, long to) {
    return to < from ? NONE : new SeqRanges(List.of(new Range(from, to)));
  }

  /// Of ranges in any order, which may overlap.
  public static SeqRanges of(List<Range> ranges) {
    List<Range> sorted = new ArrayList<>(ranges);
    sorted.sort(BY_BEGIN);
    List<Range> merged = new ArrayList<>();
    for (Range next : sorted) {
      Range last = merged.isEmpty() ? null : merged.getLast();
      if (last == null || next.from > last.to + 1) {
        merged.add(next);
      } else if (next.to > last.to) {
        merged.set(merged.size() - 1, new Range(last.from, next.to));
      }
    }
    return new SeqRanges(merged);
  }

  /// The numbers of both.
  public SeqRanges plus(SeqRanges other) {
    if (other.ranges.isEmpty() || ranges.equals(other.ranges)) {
      return this;
    }
    if (ranges.isEmpty()) {
      return other;
    }
    List<Range> all = new ArrayList<>(ranges);
    all.addAll(other.ranges);
    return of(all);
  }

  /// With the numbers of a range.
  ///
  /// @param to none is added when it is before `from`
  public SeqRanges plus(long from, long to) {
    return plus(of(from, to));
  }

  /// The numbers that another set does not have.
  public SeqRanges minus(SeqRanges other) {
    if (ranges.isEmpty() || other.ranges.isEmpty()) {
      return this;
    }
    if (ranges.equals(other.ranges)) {
      return NONE;
    }
    List<Range> left = new ArrayList<>();
    int at = 0;
    for (Range range : ranges) {
      long from = range.from;
      while (at < other.ranges.size() && other.ranges.get(at).to < from) {
        at++;
      }
      for (int i = at; i < other.ranges.size() && from <= range.to; i++) {
        Range taken = other.ranges.get(i);
        if (taken.from > range.to) {
          break;
        }
        if (taken.from > from) {
          left.add(new Range(from, taken.from - 1));
        }
        from = taken.to + 1;
      }
      if (from <= range.to) {
        left.add(new Range(from, range.to));
      }
    }
    return new SeqRanges(left);
  }

  /// The numbers that another set has too.
  public SeqRanges and(SeqRanges other) {
    return minus(minus(other));
  }

  public boolean contains(long seq) {
    return ranges.stream().anyMatch(range -> range.from <= seq && seq <= range.to);
  }

  /// Whether every number of another set is here.
  public boolean containsAll(SeqRanges other) {
    return other.minus(this).isEmpty();
  }

  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  /// The greatest number, 0 when there is none.
  public long last() {
    return ranges.isEmpty() ? 0 : ranges.getLast().to;
  }

  /// How many numbers.
  public long size() {
    return ranges.stream().mapToLong(Range::size).sum();
  }
}
