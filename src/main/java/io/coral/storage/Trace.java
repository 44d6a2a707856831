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

  /// One trace of what several stores have of it.
  ///
  /// @param traceId what it is called
  /// @param parts of two that have a span, the first one's counts
  public static Trace merged(String traceId, List<Trace> parts) {
    if (parts.size() == 1 && parts.getFirst().traceId().equals(traceId)) {
      return parts.getFirst();
    }
    return new Trace(
        traceId,
        TraceAssembly.of(
            parts.stream()
                .flatMap(part -> part.spans.stream())
                .map(span -> span.inTrace(traceId))
                .toList()),
        parts.stream().anyMatch(Trace::cut));
  }
}
