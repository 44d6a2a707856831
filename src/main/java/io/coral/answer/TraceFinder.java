package io.coral.answer;

import io.coral.storage.TraceQueries;
import io.vertx.core.Future;

/// Finds one trace, wherever its spans are. Called on an event loop; does not block it.
public interface TraceFinder {
  /// The traces whose id begins with a prefix, with the spans when there is only one.
  ///
  /// @param history what is stored
  /// @param prefix 6 to 32 hexadecimal digits
  Future<TraceQueries.Found> find(History history, String prefix);
}
