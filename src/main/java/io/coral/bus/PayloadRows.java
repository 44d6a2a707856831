package io.coral.bus;

import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import java.util.List;

/// Makes the rows of a payload once more, when it was taken but its rows were not stored before the
/// process ended.
@FunctionalInterface
public interface PayloadRows {
  /// The same rows as the first time; on one thread.
  ///
  /// Fails with any [RuntimeException] when the payload cannot be read.
  List<ColumnBatch> of(Payload payload);
}
