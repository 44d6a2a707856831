package io.coral.storage;

import io.coral.model.Exchange;
import io.coral.model.Role;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A stored span, with what became known of it later.
///
/// @param traceId 32 hexadecimal digits
/// @param spanId 16 hexadecimal digits
/// @param parentSpanId 16 hexadecimal digits, empty for a root
/// @param name the operation: method and route
/// @param status of HTTP, 0 = unknown or another protocol
/// @param attributes the stored ones as text, and those that [#EVIDENCE] and its neighbours name
/// @param sent of a span that an application sent; null for a captured one
public record SpanRow(
    String traceId,
    String spanId,
    String parentSpanId,
    String service,
    String name,
    Role role,
    long startUnixNanos,
    long durationNanos,
    int status,
    Map<String, String> attributes,
    @Nullable SentDetails sent) {
  /// How the parent was found; absent for a root.
  public static final String EVIDENCE = "coral.link.evidence";

  /// `true` when the parent is not among the spans of the trace.
  public static final String PARENT_MISSING = "coral.parent.missing";

  /// The other end of the connection.
  public static final String PEER = "network.peer";

  /// `OK` or `ERROR` when the span itself says so.
  public static final String OUTCOME = "otel.status_code";

  public SpanRow {
    attributes = Map.copyOf(attributes);
  }

  /// The same span as a part of another trace.
  SpanRow inTrace(String id) {
    return new SpanRow(
        id,
        spanId,
        parentSpanId,
        service,
        name,
        role,
        startUnixNanos,
        durationNanos,
        status,
        attributes,
        sent);
  }

  /// The same span with another parent.
  SpanRow withParent(String spanId, Map<String, String> changedAttributes) {
    return new SpanRow(
        traceId,
        this.spanId,
        spanId,
        service,
        name,
        role,
        startUnixNanos,
        durationNanos,
        status,
        changedAttributes,
        sent);
  }

  /// An attribute's value, empty when it is absent.
  public String attribute(String name) {
    return attributes.getOrDefault(name, "");
  }

  public long endUnixNanos() {
    return startUnixNanos + durationNanos;
  }

  /// Whether it failed: by its own word, or else by its status.
  public boolean error() {
    int outcome = sent == null ? 0 : sent.outcome();
    return outcome == SentDetails.ERROR
        || (outcome != SentDetails.OK && Exchange.isError(role, status));
  }
}
