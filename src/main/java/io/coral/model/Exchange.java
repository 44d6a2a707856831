package io.coral.model;

import org.jspecify.annotations.Nullable;

/// One request and its answer, as one process saw it.
///
/// @param startUnixNanos when the first request byte was sent or read
/// @param timeToFirstByteNanos from there to the first byte of the answer, -1 when there was none
/// @param durationNanos from there to the last byte of the answer, or to the end of the connection
///     when it was aborted; ≥ 0
/// @param processId of the process in the root pid namespace
/// @param threadId that saw the first request byte
/// @param goroutineId of a Go process, else 0
/// @param role of that process
/// @param request what was asked
/// @param status of the protocol, 0 = unknown (neither error nor success)
/// @param requestBytes head and body
/// @param responseBytes head and body
/// @param local this end of the connection
/// @param remote the other end
/// @param linkSequence TCP sequence number of the first request byte, equal at both ends
/// @param connectionId unique for the socket while the agent runs
/// @param ordinal number of the exchange on its connection, from 1; 0 = not known
/// @param cause why it was sent
/// @param aborted whether the connection ended before an answer
public record Exchange(
    long startUnixNanos,
    long timeToFirstByteNanos,
    long durationNanos,
    int processId,
    int threadId,
    long goroutineId,
    Role role,
    HttpRequestHead request,
    int status,
    long requestBytes,
    long responseBytes,
    Endpoint local,
    Endpoint remote,
    int linkSequence,
    long connectionId,
    int ordinal,
    Cause cause,
    boolean aborted) {

  /// When the last byte of the answer was seen.
  public long endUnixNanos() {
    return startUnixNanos + durationNanos;
  }

  /// Server side from 500 on, client side from 400 on; an unknown status is no error.
  public boolean isError() {
    return isError(role, status);
  }

  /// The rule of [#isError()] for a role and a status.
  public static boolean isError(Role role, int status) {
    return status >= (role == Role.SERVER ? 500 : 400);
  }

  /// The trace context that came or went with the request.
  public @Nullable TraceContext traceContext() {
    return request.traceContext();
  }
}
