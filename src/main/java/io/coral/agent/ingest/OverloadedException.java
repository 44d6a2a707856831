package io.coral.agent.ingest;

import java.time.Duration;

/// A payload that is not taken now because others are under way. Without a stack trace: under
/// overload there are many.
public final class OverloadedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  public OverloadedException(Duration retryAfter) {
    super("too much is under way", null, false, false);
    this.retryAfter = retryAfter;
  }

  /// When the client may try again.
  public Duration retryAfter() {
    return retryAfter;
  }
}
