package io.coral.storage;

import io.coral.model.ColumnBatch;

/// Rows with their numbers: the first is `firstSeq`, each further one is one more.
public record NumberedBatch(String stream, long epoch, long firstSeq, ColumnBatch batch) {
  /// Number of the last row; `firstSeq - 1` when there is none.
  public long lastSeq() {
    return firstSeq + batch.rows() - 1;
  }
}
