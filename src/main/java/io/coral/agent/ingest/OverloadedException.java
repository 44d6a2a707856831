package io.coral.agent.ingest;

import java.time.Duration;

/// A payload that is not taken now because others are under way. Without a stack trace: under
/// overload there are many.
public final class OverloadedException extends Exception {
  private static final long serialVersionUID = 1L;

  private final Duration retryAfter;

  public OverloadedException(Duration retryAfter) {
    this(retryAfter, "too much is under way");
  }

  /// @param reason for the client's eyes
  public OverloadedException(Duration retryAfter, String reason) {
    super(reason, null, false, false);
    this.retryAfter = retryAfter;
  }

  /// When the client may try again.
  public Duration retryAfter() {
    return retryAfter;
  }
}
