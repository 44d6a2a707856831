package io.coral.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// What a service has sent, from its requests.
///
/// @param contentTypes of all requests
/// @param encodings of all requests, `gzip` or empty
record SentTelemetry(
    String service,
    Set<String> contentTypes,
    Set<String> encodings,
    List<ResourceSpans> resourceSpans,
    List<ResourceMetrics> resourceMetrics,
    List<ResourceLogs> resourceLogs) {

  /// @param requests of this and other services; one that was sent again counts once
  static SentTelemetry of(List<OtlpTap.Request> requests, String service)
      throws InvalidProtocolBufferException {
    SentTelemetry sent =
        new SentTelemetry(
            service,
            new TreeSet<>(),
            new TreeSet<>(),
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>());
    Set<ByteBuffer> seen = new HashSet<>();
    for (OtlpTap.Request each : requests) {
      boolean isNew = seen.add(ByteBuffer.wrap(each.body()));
      if (isNew && sent.add(each)) {
        sent.contentTypes.add(each.contentType());
        sent.encodings.add(each.encoding());
      }
    }
    return sent;
  }

  private boolean add(OtlpTap.Request request) throws InvalidProtocolBufferException {
    return switch (request.path()) {
      case "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "/v1/traces" ->
          read(request, ExportTraceServiceRequest.newBuilder()).getResourceSpansList().stream()
              .filter(each -> isOfService(each.getResource()))
              .map(resourceSpans::add)
              .reduce(false, Boolean::logicalOr);
      case "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/v1/metrics" ->
          read(request, ExportMetricsServiceRequest.newBuilder()).getResourceMetricsList().stream()
              .filter(each -> isOfService(each.getResource()))
              .map(resourceMetrics::add)
              .reduce(false, Boolean::logicalOr);
      case "/opentelemetry.proto.collector.logs.v1.LogsService/Export", "/v1/logs" ->
          read(request, ExportLogsServiceRequest.newBuilder()).getResourceLogsList().stream()
              .filter(each -> isOfService(each.getResource()))
              .map(resourceLogs::add)
              .reduce(false, Boolean::logicalOr);
      default -> throw new IllegalArgumentException(request.path());
    };
  }

  private boolean isOfService(Resource resource) {
    return resource.getAttributesList().stream()
        .anyMatch(
            each ->
                each.getKey().equals("service.name")
                    && each.getValue().getStringValue().equals(service));
  }

  private static <B extends Message.Builder> B read(OtlpTap.Request request, B message)
      throws InvalidProtocolBufferException {
    if (request.contentType().equals("application/json")) {
      fromJson(new String(request.body(), StandardCharsets.UTF_8), message);
    } else {
      message.mergeFrom(request.body());
    }
    return message;
  }

  /// Reads JSON as OTLP has it: ids in hexadecimal digits. An `intValue` that is none, as the SDK
  /// of Node calls 1e300, is a `doubleValue`.
  static void fromJson(String json, Message.Builder message) throws InvalidProtocolBufferException {
    JsonFormat.parser().merge(withBase64Ids(JsonParser.parseString(json)).toString(), message);
  }

  private static JsonElement withBase64Ids(JsonElement json) {
    if (json instanceof JsonArray array) {
      JsonArray changed = new JsonArray();
      array.forEach(each -> changed.add(withBase64Ids(each)));
      return changed;
    }
    if (json instanceof JsonObject object) {
      if (object.get("intValue") instanceof JsonPrimitive number
          && number.getAsString().contains("e")) {
        object.add("doubleValue", object.remove("intValue"));
      }
      JsonObject changed = new JsonObject();
      object
          .asMap()
          .forEach(
              (name, value) ->
                  changed.add(
                      name,
                      name.matches("traceId|spanId|parentSpanId")
                          ? new JsonPrimitive(
                              Base64.getEncoder()
                                  .encodeToString(HexFormat.of().parseHex(value.getAsString())))
                          : withBase64Ids(value)));
      return changed;
    }
    return json;
  }

  List<Span> spans() {
    return resourceSpans.stream()
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream())
        .toList();
  }

  List<Metric> metrics() {
    return resourceMetrics.stream()
        .flatMap(resource -> resource.getScopeMetricsList().stream())
        .flatMap(scope -> scope.getMetricsList().stream())
        .toList();
  }

  List<LogRecord> logs() {
    return resourceLogs.stream()
        .flatMap(resource -> resource.getScopeLogsList().stream())
        .flatMap(scope -> scope.getLogRecordsList().stream())
        .toList();
  }

  Set<String> traceIds() {
    return spans().stream()
        .map(span -> SentRows.hex(span.getTraceId()))
        .collect(Collectors.toSet());
  }

  /// Attributes of the spans by span id.
  Map<String, JsonObject> attributes() {
    return spans().stream()
        .collect(
            Collectors.toMap(
                span -> SentRows.hex(span.getSpanId()),
                span -> SentRows.attributes(span.getAttributesList())));
  }

  List<TelemetryRow> spanRows() {
    return resourceSpans.stream().flatMap(each -> SentRows.spans(each).stream()).toList();
  }

  List<TelemetryRow> pointRows() {
    return resourceMetrics.stream().flatMap(each -> SentRows.points(each).stream()).toList();
  }

  List<TelemetryRow> logRows() {
    return resourceLogs.stream().flatMap(each -> SentRows.logs(each).stream()).toList();
  }
}
