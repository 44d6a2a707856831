package io.coral.bus;

import io.coral.model.TargetChange;
import io.vertx.core.Future;

/// Discovery tells capture what to observe.
public interface Targets {
  /// Completes when the kernel knows, or when nothing is captured at all. Safe on any thread.
  Future<Void> apply(TargetChange change);
}
