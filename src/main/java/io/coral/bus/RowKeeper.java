package io.coral.bus;

import io.coral.model.ColumnBatch;
import io.coral.model.PayloadId;
import io.vertx.core.Future;
import java.util.List;

/// Keeps rows that somebody waits for. On any thread.
public interface RowKeeper {
  /// Completes when the rows are committed, all of them or none.
  ///
  /// @param payload what the rows were made of: the same one is kept once within some minutes
  /// @return false when the same payload was kept before; fails with a [FullException] when
  ///     there is no room now
  Future<Boolean> keep(List<ColumnBatch> batches, PayloadId payload);
}
