package io.coral.colony.poll;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.util.function.IntPredicate;

/// Which rows a colony keeps: all of them, but of traces a share by trace id, so that traces stay
/// whole.
final class TraceSampling {
  private static final double TWO_POW_63 = 0x1p63;

  private final double rate;

  /// @param rate 0 to 1
  TraceSampling(double rate) {
    this.rate = rate;
  }

  IntPredicate keep(ColumnBatch batch) {
    if (rate >= 1 || !batch.schema().equals(StreamSchema.TRACES)) {
      return _ -> true;
    }
    long[] traceIds = batch.uuids(0);
    // Another mix than the agents', whose choice would otherwise decide this one.
    return row -> (mix(traceIds[2 * row] ^ traceIds[2 * row + 1]) >>> 1) / TWO_POW_63 < rate;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }
}
