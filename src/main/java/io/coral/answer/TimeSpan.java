package io.coral.answer;

import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;

/// The time range of a question, Unix nanoseconds.
///
/// @param since inclusive
/// @param until exclusive
public record TimeSpan(long since, long until) {
  private static final long HOUR_NANOS = 3_600_000_000_000L;
  private static final long SECOND_NANOS = 1_000_000_000;

  public TimeSpan {
    if (since >= until) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT, "the time range is empty: it ends before it begins");
    }
  }

  /// @param since 0 = one hour before the end
  /// @param until 0 = now
  public static TimeSpan ofNanos(long since, long until, long nowNanos) {
    long to = until == 0 ? nowNanos : until;
    return new TimeSpan(since == 0 ? to - HOUR_NANOS : since, to);
  }

  /// The same in Unix seconds, which may be too many.
  public static TimeSpan ofSeconds(long since, long until, long nowNanos) {
    return ofNanos(nanos(since), nanos(until), nowNanos);
  }

  private static long nanos(long seconds) {
    try {
      return Math.multiplyExact(seconds, SECOND_NANOS);
    } catch (ArithmeticException e) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT, "time: " + seconds + " (expected: Unix seconds before 2262)");
    }
  }
}
