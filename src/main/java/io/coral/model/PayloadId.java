package io.coral.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Tells payloads apart: 128 bits of hash over all of the bytes. Not against somebody who wants two
/// payloads to look the same, who could as well not send one of them.
public record PayloadId(long high, long low) {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long FIRST = 0xa0761d6478bd642fL;
  private static final long SECOND = 0xe7037ed1a0b428dbL;
  private static final long THIRD = 0x8ebc6af09c88c6e3L;

  /// About 0.2 ns a byte.
  public static PayloadId of(byte[] bytes, int from, int to) {
    long a = FIRST ^ (to - from);
    long b = SECOND;
    int at = from;
    for (; at + 16 <= to; at += 16) {
      long x = (long) LONGS.get(bytes, at);
      long y = (long) LONGS.get(bytes, at + 8);
      a = mixed(a ^ x, SECOND ^ y);
      b = mixed(b ^ y, THIRD ^ x) + a;
    }
    for (; at < to; at++) {
      a = mixed(a ^ bytes[at], SECOND);
      b = mixed(b ^ bytes[at], THIRD);
    }
    return new PayloadId(mixed(a ^ THIRD, b), mixed(b ^ FIRST, a));
  }

  private static long mixed(long a, long b) {
    return (a * b) ^ Math.unsignedMultiplyHigh(a, b);
  }
}
