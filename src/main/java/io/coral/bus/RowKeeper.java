package io.coral.bus;

import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Keeps rows that somebody waits for. On any thread.
public interface RowKeeper {
  /// Completes when the rows are safe on disk, all of them or none: whoever reads from then on
  /// finds them, whatever becomes of this process.
  ///
  /// @param payload what the rows were made of: the same one is kept once within some minutes
  /// @return false when the same payload was kept before; fails with a [FullException] when
  ///     there is no room now
  Future<Boolean> keep(List<ColumnBatch> batches, Payload payload);

  /// Why it could keep nothing now, so that nobody makes rows in vain; null when it could.
  default @Nullable String whyFull() {
    return null;
  }
}
