package io.coral.model;

import org.jspecify.annotations.Nullable;

/// What a W3C `traceparent` header says (https://www.w3.org/TR/trace-context/).
///
/// @param traceIdHigh the upper half of the trace id
/// @param traceIdLow the lower half; never both 0
/// @param spanId id of the span that sent the header, never 0
/// @param sampled the sender's decision
public record TraceContext(long traceIdHigh, long traceIdLow, long spanId, boolean sampled) {
  private static final int LENGTH = 55;

  /// Reads a header value, or null when it is not a valid one. Versions after 00 are read like 00,
  /// as §4 of the recommendation demands.
  public static @Nullable TraceContext parse(String value) {
    if (value.length() < LENGTH
        || value.charAt(2) != '-'
        || value.charAt(35) != '-'
        || value.charAt(52) != '-'
        || value.startsWith("ff")
        || (value.length() > LENGTH && (value.startsWith("00") || value.charAt(LENGTH) != '-'))) {
      return null;
    }
    for (int i = 0; i < LENGTH; i++) {
      char c = value.charAt(i);
      boolean hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      if (!hex && i != 2 && i != 35 && i != 52) {
        return null;
      }
    }
    long high = Long.parseUnsignedLong(value, 3, 19, 16);
    long low = Long.parseUnsignedLong(value, 19, 35, 16);
    long span = Long.parseUnsignedLong(value, 36, 52, 16);
    int flags = Integer.parseInt(value, 53, 55, 16);
    return (high == 0 && low == 0) || span == 0
        ? null
        : new TraceContext(high, low, span, (flags & 1) != 0);
  }
}
