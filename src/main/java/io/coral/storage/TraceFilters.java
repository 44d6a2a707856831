package io.coral.storage;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;

/// Which rows of a table a trace may have. Ids are random, so nothing in the table itself says it:
/// for each 1,024 rows there is a Bloom filter of their traces and two bytes of each one's id, some
/// 3 bytes a row. The filters of 64 such blocks lie across each other, bit by bit, so that one word
/// tells which of the blocks have a bit.
///
/// Rows are known by their places, from 0. Any thread.
final class TraceFilters {
  private static final int BLOCK_ROWS = 1024;
  private static final int FILTER_BITS = 8 * BLOCK_ROWS;
  private static final int PROBES = 5;

  private final long firstRow;
  private final List<long[]> filters = new ArrayList<>();
  private final List<short[]> ends = new ArrayList<>();
  private final long[] open = new long[BLOCK_ROWS];
  private int openRows;

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
        addBlock();
        openRows = 0;
      }
    }
  }

  private void addBlock() {
    long block = 1L << ends.size();
    if (ends.size() % Long.SIZE == 0) {
      filters.add(new long[FILTER_BITS]);
    }
    long[] filter = filters.getLast();
    short[] itsEnds = new short[BLOCK_ROWS];
    for (int row = 0; row < BLOCK_ROWS; row++) {
      itsEnds[row] = (short) open[row];
      for (int probe = 0; probe < PROBES; probe++) {
        filter[bit(open[row], probe)] |= block;
      }
    }
    ends.add(itsEnds);
  }

  private static int bit(long hash, int probe) {
    long probed = hash + probe * (Long.rotateLeft(hash, 32) | 1);
    return (int) Math.unsignedMultiplyHigh(probed, FILTER_BITS);
  }

  /// How many rows it knows.
  synchronized long rows() {
    return (long) ends.size() * BLOCK_ROWS + openRows;
  }

  /// All rows of some traces, and few others.
  synchronized LongStream find(Collection<UUID> traces) {
    LongStream.Builder rows = LongStream.builder();
    for (UUID trace : traces) {
      long hash = hash(trace.getMostSignificantBits(), trace.getLeastSignificantBits());
      for (int i = 0; i < filters.size(); i++) {
        long blocks = -1;
        for (int probe = 0; probe < PROBES; probe++) {
          blocks &= filters.get(i)[bit(hash, probe)];
        }
        for (; blocks != 0; blocks &= blocks - 1) {
          addRows(i * Long.SIZE + Long.numberOfTrailingZeros(blocks), (short) hash, rows);
        }
      }
      for (int row = 0; row < openRows; row++) {
        if (open[row] == hash) {
          rows.add(firstRow + (long) ends.size() * BLOCK_ROWS + row);
        }
      }
    }
    return rows.build().distinct();
  }

  private void addRows(int block, short end, LongStream.Builder rows) {
    short[] itsEnds = ends.get(block);
    for (int row = 0; row < BLOCK_ROWS; row++) {
      if (itsEnds[row] == end) {
        rows.add(firstRow + (long) block * BLOCK_ROWS + row);
      }
    }
  }
}
