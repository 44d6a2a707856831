package io.coral.storage;

import java.util.UUID;

/// A row of `trace_aliases`.
///
/// @param spanId of the span that gets a parent, 0 = none does
public record TraceAlias(
    UUID fromTrace,
    UUID toTrace,
    long spanId,
    long parentSpanId,
    String evidence,
    long startUnixNanos) {}
