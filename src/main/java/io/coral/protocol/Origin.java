package io.coral.protocol;

/// Where and when bytes were seen.
///
/// @param timeNanos by the clock of whoever captured them
/// @param threadId that sent or read them, 0 = not known
/// @param goroutineId of a Go process, else 0
/// @param linkSequence TCP sequence number of the first of them, equal at both ends; 0 = not known
public record Origin(long timeNanos, int threadId, long goroutineId, int linkSequence) {
  /// Of bytes of which only the time is known.
  public static Origin at(long timeNanos) {
    return new Origin(timeNanos, 0, 0, 0);
  }
}
