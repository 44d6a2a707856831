package io.coral.model;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Strings by number: 0, 1, 2 … in the order in which they were first seen. What reads the same
/// bytes again pays for a hash and a comparison, and makes no string.
///
/// One thread adds. Another may read the numbers that it was handed in a batch.
public final class Texts {
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long MULTIPLIER = 0x9e3779b97f4a7c15L;
  private static final int FIRST_SLOTS = 64;

  private int[] slots = new int[FIRST_SLOTS];
  private int[] hashes = new int[FIRST_SLOTS / 2];
  private volatile byte[][] values = new byte[FIRST_SLOTS / 2][];
  private int size;
  private long bytes;

  /// The number of a string.
  public int idOf(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    return idOf(utf8, 0, utf8.length);
  }

  /// The number of a string in UTF-8.
  ///
  /// @param utf8 is not kept
  public int idOf(byte[] utf8, int from, int to) {
    int hash = hash(utf8, from, to);
    int mask = slots.length - 1;
    byte[][] known = values;
    for (int slot = hash & mask; ; slot = (slot + 1) & mask) {
      int id = slots[slot] - 1;
      if (id < 0) {
        return added(Arrays.copyOfRange(utf8, from, to), hash, slot);
      }
      if (hashes[id] == hash) {
        byte[] value = known[id];
        if (Arrays.equals(value, 0, value.length, utf8, from, to)) {
          return id;
        }
      }
    }
  }

  private int added(byte[] utf8, int hash, int slot) {
    byte[][] known = values;
    if (size == known.length) {
      hashes = Arrays.copyOf(hashes, 2 * size);
      known = Arrays.copyOf(known, 2 * size);
    }
    int id = size++;
    hashes[id] = hash;
    known[id] = utf8;
    values = known;
    bytes += utf8.length;
    slots[slot] = size;
    if (2 * size >= slots.length) {
      spread();
    }
    return id;
  }

  private void spread() {
    int[] wider = new int[2 * slots.length];
    int mask = wider.length - 1;
    for (int id = 0; id < size; id++) {
      int slot = hashes[id] & mask;
      while (wider[slot] != 0) {
        slot = (slot + 1) & mask;
      }
      wider[slot] = id + 1;
    }
    slots = wider;
  }

  private static int hash(byte[] utf8, int from, int to) {
    long hash = (long) to - from;
    int at = from;
    for (; at + 8 <= to; at += 8) {
      hash = (hash ^ (long) LONGS.get(utf8, at)) * MULTIPLIER;
      hash ^= hash >>> 32;
    }
    for (; at < to; at++) {
      hash = (hash ^ utf8[at]) * MULTIPLIER;
    }
    hash ^= hash >>> 29;
    return (int) (hash ^ (hash >>> 32));
  }

  /// A string by its number; bytes that are no UTF-8 read as U+FFFD.
  public String text(int id) {
    return new String(values[id], StandardCharsets.UTF_8);
  }

  /// How many there are; of the thread that adds.
  public int size() {
    return size;
  }

  /// Bytes of all of them; of the thread that adds.
  public long bytes() {
    return bytes;
  }
}
