package io.coral.model;

/// What the kernel side hands over, already out of the ring buffer. Times are CLOCK_MONOTONIC
/// nanoseconds.
public sealed interface Captured {
  /// An HTTP/1 exchange that the kernel paired.
  ///
  /// @param emittedNanos when the record was made
  /// @param firstByteNanos first byte of the answer, 0 = none
  /// @param lastByteNanos last byte of the answer so far, 0 = none
  /// @param ordinal number of the exchange on its connection, from 1
  /// @param cause why it was sent
  /// @param status 0 = unknown
  /// @param complete whether it has ended; else its answer has only paused
  /// @param progressed whether it may have been handed over as paused before
  /// @param requestPrefix first bytes of the request
  /// @param responsePrefix first bytes of the answer; empty when it is complete
  /// @param responseTail last bytes of the answer, at most 8; empty when it is complete
  record PairedExchange(
      long emittedNanos,
      long startNanos,
      long firstByteNanos,
      long lastByteNanos,
      long connectionId,
      long requestBytes,
      long responseBytes,
      long goroutineId,
      int ordinal,
      int processId,
      int threadId,
      int linkSequence,
      Cause cause,
      int status,
      boolean aborted,
      boolean complete,
      boolean progressed,
      Role role,
      Endpoint local,
      Endpoint remote,
      byte[] requestPrefix,
      byte[] responsePrefix,
      byte[] responseTail)
      implements Captured {}

  /// Bytes of a connection that the kernel could not pair.
  ///
  /// @param position bytes of this direction before these
  /// @param totalBytes bytes that the record stands for
  /// @param bytes the first of them
  record Bytes(
      long timeNanos,
      long connectionId,
      long goroutineId,
      long position,
      int totalBytes,
      int processId,
      int threadId,
      int linkSequence,
      Role role,
      boolean request,
      Endpoint local,
      Endpoint remote,
      byte[] bytes)
      implements Captured {}

  /// A connection that the kernel could not pair has ended.
  record Closed(long timeNanos, long connectionId) implements Captured {}
}
