package io.coral.model;

/// Where the kernel side finds what it needs in a Go process, in bytes; 0 = not Go or not known.
///
/// @param goroutineIdOffset of the goroutine's id in its `g`
/// @param parentIdOffset of the id of the goroutine that started it, in the same `g`
/// @param roundTripOffset in the executable: of an instruction near the beginning of
///     `net/http.(*persistConn).roundTrip` that can be probed cheaply
/// @param requestWriteOffset likewise of `net/http.(*Request).write`
public record GoLayout(
    int goroutineIdOffset, int parentIdOffset, long roundTripOffset, long requestWriteOffset) {
  /// Nothing is known, or it is no Go process.
  public static final GoLayout NONE = new GoLayout(0, 0, 0, 0);

  /// Whether the calls of its HTTP client can be told.
  public boolean hasProbes() {
    return roundTripOffset != 0 && requestWriteOffset != 0;
  }
}
