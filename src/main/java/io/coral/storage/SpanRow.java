package io.coral.storage;

import io.coral.model.Exchange;
import io.coral.model.Role;
import java.util.Map;

/// A stored span, with what became known of it later.
///
/// @param traceId 32 hexadecimal digits
/// @param spanId 16 hexadecimal digits
/// @param parentSpanId 16 hexadecimal digits, empty for a root
/// @param name the operation: method and route
/// @param status 0 = unknown
/// @param attributes the stored ones, and those that [#EVIDENCE] and its neighbours name
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
    Map<String, String> attributes) {
  /// How the parent was found; absent for a root.
  public static final String EVIDENCE = "coral.link.evidence";

  /// `true` when the parent is not among the spans of the trace.
  public static final String PARENT_MISSING = "coral.parent.missing";

  /// The other end of the connection.
  public static final String PEER = "network.peer";

  public SpanRow {
    attributes = Map.copyOf(attributes);
  }

  /// An attribute's value, empty when it is absent.
  public String attribute(String name) {
    return attributes.getOrDefault(name, "");
  }

  public long endUnixNanos() {
    return startUnixNanos + durationNanos;
  }

  public boolean error() {
    return Exchange.isError(role, status);
  }
}
