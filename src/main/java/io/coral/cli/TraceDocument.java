package io.coral.cli;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One trace as a server answers it.
///
/// @param nodes its hops; a parent comes before its children, and these in the order of their start
/// @param spans of both ends of all hops
/// @param logRecords how many name this trace
record TraceDocument(
    String traceId,
    long durationNanos,
    List<String> services,
    String rootCause,
    List<Node> nodes,
    List<Span> spans,
    long logRecords,
    Completeness completeness) {
  TraceDocument {
    services = List.copyOf(services);
    nodes = List.copyOf(nodes);
    spans = List.copyOf(spans);
  }

  /// A span: of one end of a hop, or of what an application says of itself.
  ///
  /// @param kind `server`, `client`, `producer`, `consumer`, `internal` or `unspecified`
  /// @param status 0 = unknown
  record Span(
      String spanId,
      String parentSpanId,
      String service,
      String name,
      String kind,
      long startUnixNanos,
      long durationNanos,
      long status,
      Map<String, String> attributes) {

    static Span of(ProtoMessage message) {
      String start = message.text("startTime");
      String duration = message.text("duration");
      return new Span(
          message.text("spanId"),
          message.text("parentSpanId"),
          message.text("serviceName"),
          message.text("spanName"),
          message.text("spanKind"),
          start.isEmpty() ? 0 : TimeRange.unixNanos(Instant.parse(start)),
          duration.isEmpty() ? 0 : nanos(duration),
          message.number("statusCode"),
          message.textMap("attributes"));
    }

    private static long nanos(String seconds) {
      return new BigDecimal(seconds.substring(0, seconds.length() - 1))
          .multiply(BigDecimal.valueOf(Duration.ofSeconds(1).toNanos()))
          .longValue();
    }

    boolean client() {
      return "client".equals(kind);
    }

    /// By its own word, or else by its status.
    boolean error() {
      String outcome = attribute("otel.status_code");
      return outcome.isEmpty() ? status >= (client() ? 400 : 500) : outcome.equals("ERROR");
    }

    String attribute(String name) {
      return attributes.getOrDefault(name, "");
    }

    /// Who was called: the service, or the address of one that is not observed.
    String callee() {
      String peer = attribute("network.peer");
      return client() && !peer.isEmpty() ? peer : service;
    }
  }

  /// A hop.
  ///
  /// @param depth 1 for a root
  /// @param span of the server, or of the client when the server was not observed
  /// @param client of the client when `span` is the server's
  /// @param missingParent id of a root's parent that was not received; else empty
  record Node(
      int depth, Span span, @Nullable Span client, String missingParent, boolean parentAmbiguous) {}

  static TraceDocument of(ProtoMessage answer) {
    List<Span> spans = answer.messages("spans").stream().map(Span::of).toList();
    return new TraceDocument(
        answer.text("traceId"),
        answer.number("durationNanos"),
        answer.texts("services"),
        answer.text("rootCause"),
        answer.messages("nodes").stream().map(node -> node(node, spans)).toList(),
        spans,
        answer.number("logRecords"),
        Completeness.of(answer));
  }

  private static Node node(ProtoMessage message, List<Span> spans) {
    int client = (int) message.number("clientSpan");
    return new Node(
        (int) message.number("depth"),
        spans.get((int) message.number("span")),
        client == 0 ? null : spans.get(client - 1),
        message.text("missingParent"),
        message.flag("parentAmbiguous"));
  }
}
