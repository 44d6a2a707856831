package io.coral.agent.ingest;

/// What became of a payload that was taken.
///
/// @param rejectedItems how many spans, data points or log records cannot be taken, now or
/// later
/// @param message why; empty = nothing to say
public record Accepted(long rejectedItems, String message) {
  /// All of it was taken.
  public static final Accepted ALL = new Accepted(0, "");

  public Accepted {
    if (rejectedItems < 0) {
      throw new IllegalArgumentException(
          "rejectedItems: " + rejectedItems + " (expected: at least 0)");
    }
  }
}
