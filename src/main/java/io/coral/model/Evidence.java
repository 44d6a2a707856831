package io.coral.model;

import java.util.Locale;

/// How a span's parent was found, or why it was not.
public enum Evidence {
  /// A root: nothing suggests that there is a parent.
  NONE,
  /// The request carried a W3C `traceparent`.
  TRACEPARENT,
  /// Client and server saw the same TCP sequence number.
  TCP_SEQ,
  /// The thread that calls had read one request and was not done with any other.
  THREAD,
  /// The goroutine that calls, or the one that started it, serves the request.
  GOROUTINE,
  /// A proxy read the request right before it connected, or wrote to a connection that it kept.
  CONNECT_TIME,
  /// There is more than one candidate; the span stays a root.
  AMBIGUOUS,
  /// The parent is known but was not seen to end in time; a row of `trace_aliases` may tell later.
  LATE,
  /// The span was not assembled, because too many were waiting.
  UNASSEMBLED;

  /// As stored and shown: `tcp-seq`; empty for [#NONE].
  public String text() {
    return this == NONE ? "" : name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
