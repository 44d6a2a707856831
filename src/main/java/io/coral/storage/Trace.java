package io.coral.storage;

import java.util.List;

/// The spans of a trace, wherever they were stored.
///
/// @param traceId 32 hexadecimal digits
/// @param spans by start; empty when the trace is unknown
/// @param cut whether there are more spans than were read
public record Trace(String traceId, List<SpanRow> spans, boolean cut) {
  public Trace {
    spans = List.copyOf(spans);
  }
}
