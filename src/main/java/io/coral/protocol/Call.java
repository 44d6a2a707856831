package io.coral.protocol;

import java.util.Map;

/// A request and its answer.
///
/// @param protocol `redis`, `postgresql`, `grpc`, …
/// @param operation what is done: a command, the first word of a statement, a method; never empty
/// @param target what it is done to: a statement without literals, a pattern of a key, topics, a
///     name, a path; empty when there is none or it is not known
/// @param status in the words of the protocol (`42601`, `WRONGTYPE`, `NXDOMAIN`, `14`), empty when
///     it is not known
/// @param begun where and when its first byte was seen
/// @param firstByteNanos of the answer, 0 = none
/// @param lastByteNanos of the answer, or of the request when it gets none
/// @param requestBytes with the framing of the protocol
/// @param responseBytes likewise
/// @param incomplete whether bytes were missing that would have told more
/// @param aborted whether it ended before its answer did
/// @param attributes what else is known, by the names of OpenTelemetry where there are any
public record Call(
    String protocol,
    String operation,
    String target,
    Outcome outcome,
    String status,
    Origin begun,
    long firstByteNanos,
    long lastByteNanos,
    long requestBytes,
    long responseBytes,
    boolean incomplete,
    boolean aborted,
    Map<String, String> attributes) {
  public Call {
    attributes = Map.copyOf(attributes);
  }

  /// Of an end that waits for something to happen, as a consumer does for messages: how long it
  /// took tells nothing of how fast the other end is.
  public static final String WAITS = "coral.waits";
}
