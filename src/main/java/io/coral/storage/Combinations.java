package io.coral.storage;

import java.util.Arrays;

/// Sequences of 64-bit values by number: 0, 1, 2 … in the order in which they were first seen.
/// Knows which of them are written and committed. One thread.
final class Combinations {
  private long[] values = new long[256];
  private int[] ends = new int[32];
  private int[] slots = new int[64];
  private int size;
  private int written;
  private int committed;

  /// How many there are.
  int size() {
    return size;
  }

  /// Index of the first value of a combination, for [#value].
  int start(int id) {
    return id == 0 ? 0 : ends[id - 1];
  }

  /// Index behind its last value.
  int end(int id) {
    return ends[id];
  }

  long value(int index) {
    return values[index];
  }

  /// The number of the first values of an array; a new one when they were not seen before.
  int idOf(long[] tuple, int length) {
    int mask = slots.length - 1;
    for (int slot = hash(tuple, 0, length) & mask; ; slot = (slot + 1) & mask) {
      int id = slots[slot] - 1;
      if (id < 0) {
        return added(tuple, length, slot);
      }
      if (Arrays.equals(values, start(id), ends[id], tuple, 0, length)) {
        return id;
      }
    }
  }

  private int added(long[] tuple, int length, int slot) {
    int id = size++;
    int from = start(id);
    if (size > ends.length) {
      ends = Arrays.copyOf(ends, 2 * ends.length);
    }
    if (from + length > values.length) {
      values = Arrays.copyOf(values, Math.max(2 * values.length, from + length));
    }
    System.arraycopy(tuple, 0, values, from, length);
    ends[id] = from + length;
    slots[slot] = size;
    if (2 * size >= slots.length) {
      spread(2 * slots.length);
    }
    return id;
  }

  private void spread(int length) {
    slots = new int[length];
    for (int id = 0; id < size; id++) {
      int slot = hash(values, start(id), ends[id]) & (length - 1);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (length - 1);
      }
      slots[slot] = id + 1;
    }
  }

  private static int hash(long[] values, int from, int to) {
    long hash = (long) to - from;
    for (int i = from; i < to; i++) {
      hash = (hash ^ values[i]) * 0x9e3779b97f4a7c15L;
      hash ^= hash >>> 29;
    }
    return (int) (hash ^ (hash >>> 32));
  }

  /// The first one that is not written yet, [#size()] when all are.
  int firstUnwritten() {
    return written;
  }

  /// All are written, in a transaction that is still open.
  void written() {
    written = size;
  }

  /// What is written is committed.
  void committed() {
    committed = written;
  }

  /// Forgets what is not committed.
  void forgetUncommitted() {
    size = committed;
    written = committed;
    spread(slots.length);
  }

  /// Everything there is was read from the database.
  void loaded() {
    written = size;
    committed = size;
  }

  /// Forgets everything.
  void clear() {
    values = new long[0];
    ends = new int[0];
    slots = new int[1];
    size = 0;
  }
}
