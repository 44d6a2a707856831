package io.coral.protocol;

import java.util.List;

/// Makes calls of the bytes of one connection.
///
/// Bytes arrive per direction in order; a record may stand for more bytes than it carries, and
/// records may be missing. No input makes a parser throw, loop, or hold more than its documentation
/// says. Owned by one thread.
public interface Parser {
  /// Takes bytes.
  ///
  /// @param position bytes of this direction before these
  /// @param totalBytes how many bytes of the stream the record stands for, ≥ `captured.length`
  /// @param captured the first of them
  void offer(Direction direction, Origin origin, long position, long totalBytes, byte[] captured);

  /// The connection has ended: what is still open ends with it.
  void close(long timeNanos);

  /// Calls that have ended since the last call, in that order.
  List<Call> drain();

  /// How often bytes were missing, or made no sense, where the parser needed them.
  long lostSync();

  /// Why the parser can read no more of this connection, empty as long as it can: `tls`,
  /// `compressed`.
  default String opaque() {
    return "";
  }
}
