package io.coral.agent.ingest;

import io.coral.otlp.Payload;
import io.vertx.core.buffer.Buffer;
import java.util.Arrays;

/// The bytes of one request as they come, within the budget. A body of a known length is copied
/// once into an array of that length; what a client merely claims beyond 256 KiB is believed as
/// it arrives. For one thread.
final class Body {
  private static final int BELIEVED_BYTES = 256 << 10;
  private static final int LEAST_BYTES = 4 << 10;
  private static final byte[] NONE = {};

  private final ByteBudget budget;
  private byte[] bytes = NONE;
  private int length;
  private int expected;
  private long taken;

  Body(ByteBudget budget) {
    this.budget = budget;
  }

  /// Says how long the body will be at most; less is no error.
  void expect(int expectedBytes) {
    expected = expectedBytes;
  }

  int length() {
    return length;
  }

  /// Adds a part of a chunk. False if the budget is spent; the body is then of no more use.
  boolean append(Buffer chunk, int from, int to) {
    int added = to - from;
    if (added > bytes.length - length && !grow(added)) {
      return false;
    }
    chunk.getBytes(from, to, bytes, length);
    length += added;
    return true;
  }

  private boolean grow(int added) {
    int needed = length + added;
    int believed = Math.min(expected, length == 0 ? BELIEVED_BYTES : 2 * bytes.length);
    int capacity = Math.max(needed, expected > 0 ? believed : 2 * bytes.length);
    capacity = expected > 0 ? capacity : Math.max(capacity, LEAST_BYTES);
    if (!budget.take(capacity - bytes.length)) {
      return false;
    }
    taken += capacity - bytes.length;
    bytes = length == 0 ? new byte[capacity] : Arrays.copyOf(bytes, capacity);
    return true;
  }

  Payload payload() {
    return new Payload(bytes, 0, length);
  }

  /// Counts another array in place of the one received; false if the budget is spent.
  boolean replace(Payload decoded) {
    if (decoded.bytes() != bytes) {
      release();
      if (!budget.take(decoded.bytes().length)) {
        return false;
      }
      taken = decoded.bytes().length;
    }
    return true;
  }

  /// Gives back what was taken from the budget, and lets go of the bytes.
  void release() {
    budget.give(taken);
    taken = 0;
    bytes = NONE;
    length = 0;
  }
}
