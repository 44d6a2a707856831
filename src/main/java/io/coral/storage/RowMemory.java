package io.coral.storage;

import io.coral.model.ColumnBatch;

/// What is known in memory of the rows of one partition. What was there when the partition was
/// opened is read when it is first asked for.
///
/// [#stored], [#committed] and [#forgetUncommitted] belong to the writer thread.
interface RowMemory {
  /// The table has rows already. Before any other method.
  void load(long rowsBefore);

  /// A row is stored behind the others.
  ///
  /// @param group number of its group, 0 in a stream without groups
  void stored(int group, ColumnBatch batch, int row);

  /// The transaction was committed.
  void committed();

  /// The transaction was rolled back.
  void forgetUncommitted();
}
