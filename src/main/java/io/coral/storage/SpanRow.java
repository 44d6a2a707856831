package io.coral.storage;

import java.util.Map;

/// A stored span.
///
/// @param traceId 32 hexadecimal digits
/// @param spanId 16 hexadecimal digits
/// @param parentSpanId 16 hexadecimal digits, empty for a root
/// @param status 0 = unknown
public record SpanRow(
    String traceId,
    String spanId,
    String parentSpanId,
    String service,
    String name,
    String kind,
    long startUnixNanos,
    long durationNanos,
    int status,
    Map<String, String> attributes) {}
