package io.coral.storage;

import io.coral.model.LogBody;

/// A stored log record.
///
/// @param agentId who stored it first; empty in an agent's own answers
/// @param observedUnixNanos 0 = not said
/// @param severity 1 to 24, 0 = not said
/// @param traceId 32 hexadecimal digits, empty for none
/// @param spanId 16 hexadecimal digits, empty for none
/// @param body text, or JSON, as `bodyType` says; of a text the first [#MAX_BODY] characters
/// @param attributes JSON; `resource`, `scope` and `details` too, the last one may be empty
/// @param bodyLength of the whole body, in characters
public record LogRow(
    String agentId,
    long timeUnixNanos,
    long observedUnixNanos,
    String service,
    int severity,
    String severityText,
    String traceId,
    String spanId,
    LogBody bodyType,
    String body,
    String eventName,
    String attributes,
    String resource,
    String scope,
    String details,
    long flags,
    long bodyLength) {
  /// Characters of a body that are read.
  public static final int MAX_BODY = 1 << 20;
}
