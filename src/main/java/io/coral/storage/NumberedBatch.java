package io.coral.storage;

import io.coral.model.ColumnBatch;
import java.util.Arrays;

/// Rows with their numbers, which grow by one or more from row to row. Of all numbers from the
/// first to the last, those without a row never had one that was kept.
///
/// @param firstSeq ≥ 1
/// @param lastSeq `firstSeq - 1` when there is none
/// @param seqs of each row; empty when each is one more than the one before, or there is no row
public record NumberedBatch(
    String stream, long epoch, long firstSeq, long lastSeq, long[] seqs, ColumnBatch batch) {
  private static final long[] CONSECUTIVE = {};

  /// Rows whose numbers follow one another.
  public NumberedBatch(String stream, long epoch, long firstSeq, ColumnBatch batch) {
    this(stream, epoch, firstSeq, firstSeq + batch.rows() - 1, CONSECUTIVE, batch);
  }

  /// @throws IllegalArgumentException when the numbers do not fit the range or one another
  public NumberedBatch {
    if (firstSeq < 1 || lastSeq < firstSeq - 1 || lastSeq == Long.MAX_VALUE) {
      throw new IllegalArgumentException("numbers: " + firstSeq + ".." + lastSeq);
    }
    if (seqs.length == 0 && batch.rows() > 0 && lastSeq - firstSeq + 1 != batch.rows()) {
      throw new IllegalArgumentException(
          batch.rows() + " rows (expected: " + (lastSeq - firstSeq + 1) + ")");
    }
    if (seqs.length > 0) {
      boolean grow = true;
      for (int i = 1; i < seqs.length; i++) {
        grow &= seqs[i] > seqs[i - 1];
      }
      if (seqs.length != batch.rows()
          || !grow
          || seqs[0] < firstSeq
          || seqs[seqs.length - 1] > lastSeq) {
        throw new IllegalArgumentException("numbers of rows: " + Arrays.toString(seqs));
      }
    }
  }

  /// The number of a row.
  public long seq(int row) {
    return seqs.length == 0 ? firstSeq + row : seqs[row];
  }
}
