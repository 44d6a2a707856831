package io.coral.model;

/// Where a trace lies between 0 and 1, by its id: what keeps a share of the traces keeps those
/// below it, wherever it is decided, so that kept traces are whole.
public final class TraceShare {
  private static final double TWO_POW_63 = 0x1p63;

  private TraceShare() {}

  /// @param traceIdLow the half of the id that is random (W3C trace context)
  public static double of(long traceIdLow) {
    return (mix(traceIdLow) >>> 1) / TWO_POW_63;
  }

  /// The finaliser of SplitMix64: ids of some senders are counters.
  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
