package io.coral.storage;

/// A trace in a list.
///
/// @param traceId 32 hexadecimal digits
/// @param status of the root span, 0 = unknown
/// @param error whether any of its spans is one
public record TraceRow(
    String traceId,
    long startUnixNanos,
    long durationNanos,
    int spans,
    int status,
    boolean error,
    String rootService,
    String rootOperation) {}
