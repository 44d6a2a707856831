package io.coral.storage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;

/// Which rows of a table a trace may have. Ids are random, so nothing in the table itself says it:
/// for each 1,024 rows there is a Bloom filter of their traces and two bytes of each one's id, some
/// 3 bytes a row.
///
/// Rows are known by their places, from 0. Any thread.
final class TraceFilters {
  private static final int BLOCK_ROWS = 1024;
  private static final int BITS_A_TRACE = 10;
  private static final int PROBES = 5;

  private final long firstRow;
  private final List<Block> blocks = new ArrayList<>();
  private final long[] open = new long[BLOCK_ROWS];
  private int openRows;

  private record Block(long[] filter, short[] ends) {}

  /// @param firstRow place of the first row that is added
  TraceFilters(long firstRow) {
    this.firstRow = firstRow;
  }

  /// What is kept of an id.
  static long hash(long high, long low) {
    long mixed = (high ^ Long.rotateLeft(low, 32)) * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ mixed >>> 29 ^ low) * 0xBF58476D1CE4E5B9L;
    return mixed ^ mixed >>> 32;
  }

  /// Adds the next rows.
  ///
  /// @param hashes of the ids of their traces
  /// @param count how many of them
  synchronized void add(long[] hashes, int count) {
    int from = 0;
    while (from < count) {
      int taken = Math.min(count - from, BLOCK_ROWS - openRows);
      System.arraycopy(hashes, from, open, openRows, taken);
      openRows += taken;
      from += taken;
      if (openRows == BLOCK_ROWS) {
        blocks.add(block(open));
        openRows = 0;
      }
    }
  }

  private static Block block(long[] hashes) {
    short[] ends = new short[BLOCK_ROWS];
    for (int row = 0; row < BLOCK_ROWS; row++) {
      ends[row] = (short) hashes[row];
    }
    long[] sorted = hashes.clone();
    Arrays.sort(sorted);
    int distinct = 1;
    for (int i = 1; i < sorted.length; i++) {
      if (sorted[i] != sorted[i - 1]) {
        sorted[distinct++] = sorted[i];
      }
    }
    long[] words = new long[(distinct * BITS_A_TRACE + 63) / 64];
    for (int i = 0; i < distinct; i++) {
      for (int probe = 0; probe < PROBES; probe++) {
        int bit = bit(sorted[i], probe, words.length);
        words[bit >> 6] |= 1L << bit;
      }
    }
    return new Block(words, ends);
  }

  private static int bit(long hash, int probe, int words) {
    long probed = hash + probe * (Long.rotateLeft(hash, 32) | 1);
    return (int) Math.unsignedMultiplyHigh(probed, 64L * words);
  }

  private static boolean mayHave(long[] words, long hash) {
    for (int probe = 0; probe < PROBES; probe++) {
      int bit = bit(hash, probe, words.length);
      if ((words[bit >> 6] >>> bit & 1) == 0) {
        return false;
      }
    }
    return true;
  }

  /// How many rows it knows.
  synchronized long rows() {
    return (long) blocks.size() * BLOCK_ROWS + openRows;
  }

  /// All rows of some traces, and few others.
  synchronized LongStream find(Collection<UUID> traces) {
    LongStream.Builder rows = LongStream.builder();
    for (UUID trace : traces) {
      long hash = hash(trace.getMostSignificantBits(), trace.getLeastSignificantBits());
      for (int block = 0; block < blocks.size(); block++) {
        Block one = blocks.get(block);
        if (mayHave(one.filter, hash)) {
          for (int row = 0; row < BLOCK_ROWS; row++) {
            if (one.ends[row] == (short) hash) {
              rows.add(firstRow + (long) block * BLOCK_ROWS + row);
            }
          }
        }
      }
      for (int row = 0; row < openRows; row++) {
        if (open[row] == hash) {
          rows.add(firstRow + (long) blocks.size() * BLOCK_ROWS + row);
        }
      }
    }
    return rows.build().distinct();
  }
}
