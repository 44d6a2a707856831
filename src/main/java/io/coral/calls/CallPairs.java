package io.coral.calls;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiPredicate;

/// Finds the caller of each call: a span that served something and the span that is its parent,
/// whichever comes first. Mostly it is the call, since its caller ends later.
///
/// Each waits for the other for 15 s at least, or until some hundred thousand others have come
/// behind it; calls that nobody is found for are counted. One thread; at most 10 MB.
public final class CallPairs {
  private static final long GENERATION_NANOS = 15_000_000_000L;
  private static final int MOST_SPANS = 3 << 16;
  private static final int MOST_CALLS = 3 << 14;

  // The numbers of a call that waits. One that failed is of the complement of its place.
  private static final int END = 0;
  private static final int DURATION = 1;
  private static final int CALL_WIDTH = 2;
  private static final int TAKEN = Integer.MIN_VALUE;

  private final CallCounts counts;
  private final LongAdder unpaired;
  private final BiPredicate<String, String> isCounted;
  private final Map<Place, Integer> numbers = new HashMap<>();
  private final List<Place> places = new ArrayList<>();
  private SpanTable spans = new SpanTable(0, MOST_SPANS);
  private SpanTable spansBefore = new SpanTable(0, MOST_SPANS);
  private SpanTable calls = new SpanTable(CALL_WIDTH, MOST_CALLS);
  private SpanTable callsBefore = new SpanTable(CALL_WIDTH, MOST_CALLS);
  private long waiting;
  private long waitingBefore;
  private long spansSinceNanos;
  private long callsSinceNanos;

  /// A service, and the agent that its spans came from.
  private record Place(String agent, String service) {}

  /// @param unpaired calls whose caller's span did not come
  public CallPairs(CallCounts counts, LongAdder unpaired) {
    this(counts, unpaired, (_, _) -> true);
  }

  /// @param unpaired calls whose caller's span did not come
  /// @param isCounted of which agents calls are counted, the caller's first; somebody else counts
  ///     the others
  public CallPairs(CallCounts counts, LongAdder unpaired, BiPredicate<String, String> isCounted) {
    this.counts = counts;
    this.unpaired = unpaired;
    this.isCounted = isCounted;
  }

  /// What names a span.
  public static long key(long traceHigh, long traceLow, long spanId) {
    long mixed = (traceHigh ^ Long.rotateLeft(traceLow, 32)) * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ mixed >>> 29 ^ spanId) * 0xBF58476D1CE4E5B9L;
    return mixed ^ mixed >>> 32;
  }

  /// The number of a service. Calls between services of one agent are none of this instance's
  /// business, unless the agent is not named.
  ///
  /// @param agent empty = everything is of one
  public int place(String agent, String service) {
    return numbers.computeIfAbsent(
        new Place(agent, service),
        place -> {
          places.add(place);
          return places.size() - 1;
        });
  }

  /// A span, which may have called somebody.
  ///
  /// @param key of [#key]
  /// @param place of [#place]
  /// @param nowNanos monotonic
  public void span(long key, int place, long nowNanos) {
    if (spans.isFull() || nowNanos - spansSinceNanos > GENERATION_NANOS) {
      SpanTable oldest = spansBefore;
      spansBefore = spans;
      spans = oldest;
      spans.clear();
      spansSinceNanos = nowNanos;
    }
    spans.add(key, place);
    waiting -= answer(calls, key, place);
    waitingBefore -= answer(callsBefore, key, place);
  }

  /// @return how many calls of this span had waited
  private int answer(SpanTable table, long key, int caller) {
    if (table.size() == 0) {
      return 0;
    }
    int answered = 0;
    for (int call = table.find(key, -1); call >= 0; call = table.find(key, call)) {
      if (table.place(call) != TAKEN) {
        count(caller, table.place(call), table.value(call, END), table.value(call, DURATION));
        table.setPlace(call, TAKEN);
        answered++;
      }
    }
    return answered;
  }

  /// A span that served a call.
  ///
  /// @param parentKey of [#key], of its parent
  /// @param place of [#place]
  /// @param nowNanos monotonic
  public void call(
      long parentKey,
      int place,
      long endUnixNanos,
      long durationNanos,
      boolean failed,
      long nowNanos) {
    int served = failed ? ~place : place;
    int caller = spans.find(parentKey, -1);
    SpanTable table = spans;
    if (caller < 0) {
      caller = spansBefore.find(parentKey, -1);
      table = spansBefore;
    }
    if (caller >= 0) {
      count(table.place(caller), served, endUnixNanos, durationNanos);
      return;
    }
    if (calls.isFull() || nowNanos - callsSinceNanos > GENERATION_NANOS) {
      unpaired.add(waitingBefore);
      SpanTable oldest = callsBefore;
      callsBefore = calls;
      waitingBefore = waiting;
      calls = oldest;
      calls.clear();
      waiting = 0;
      callsSinceNanos = nowNanos;
    }
    int call = calls.add(parentKey, served);
    calls.setValue(call, END, endUnixNanos);
    calls.setValue(call, DURATION, durationNanos);
    waiting++;
  }

  private void count(int callerPlace, int servedPlace, long endUnixNanos, long durationNanos) {
    boolean failed = servedPlace < 0;
    Place caller = places.get(callerPlace);
    Place served = places.get(failed ? ~servedPlace : servedPlace);
    boolean elsewhere = caller.agent.isEmpty() || !caller.agent.equals(served.agent);
    if (elsewhere
        && !caller.service.equals(served.service)
        && isCounted.test(caller.agent, served.agent)) {
      counts.add(caller.service, served.service, endUnixNanos, durationNanos, failed);
    }
  }
}
