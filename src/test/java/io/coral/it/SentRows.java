package io.coral.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.EntityRef;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.logs.v1.ScopeLogs;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Exemplar;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.metrics.v1.SummaryDataPoint;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/// What must be read back of what was sent, from the messages of OTLP and the documented form of
/// the columns.
final class SentRows {
  private SentRows() {}

  /// A row for each span.
  static List<TelemetryRow> spans(ResourceSpans resource) {
    List<TelemetryRow> rows = new ArrayList<>();
    for (ScopeSpans scope : resource.getScopeSpansList()) {
      for (Span span : scope.getSpansList()) {
        String outcome = span.getStatus().getCode().name().replace("STATUS_CODE_", "");
        rows.add(
            described(
                    resource.getResource(),
                    resource.getSchemaUrl(),
                    scope.getScope(),
                    scope.getSchemaUrl())
                .with("trace_id", hex(span.getTraceId()))
                .with("span_id", hex(span.getSpanId()))
                .with("parent_span_id", hex(span.getParentSpanId()))
                .with("span_name", span.getName())
                .with("span_kind", span.getKind().name().replace("SPAN_KIND_", ""))
                .with("start_unix_nanos", span.getStartTimeUnixNano())
                .with("duration_nanos", span.getEndTimeUnixNano() - span.getStartTimeUnixNano())
                .with("status_code", outcome)
                .with("is_error", outcome.equals("ERROR"))
                .with("attributes", attributes(span.getAttributesList()))
                .with("details", details(span))
                .with("flags", Integer.toUnsignedLong(span.getFlags())));
      }
    }
    return rows;
  }

  private static TelemetryRow described(
      Resource resource, String schema, InstrumentationScope scope, String scopeSchema) {
    JsonObject itsResource = new JsonObject();
    itsResource.add("attributes", attributes(resource.getAttributesList()));
    addCount(itsResource, "dropped_attributes_count", resource.getDroppedAttributesCount());
    addList(itsResource, "entity_refs", entities(resource));
    addText(itsResource, "schema_url", schema);
    JsonObject itsScope = new JsonObject();
    itsScope.addProperty("name", scope.getName());
    addText(itsScope, "version", scope.getVersion());
    addAttributes(itsScope, scope.getAttributesList());
    addCount(itsScope, "dropped_attributes_count", scope.getDroppedAttributesCount());
    addText(itsScope, "schema_url", scopeSchema);
    String service =
        resource.getAttributesList().stream()
            .filter(attribute -> attribute.getKey().equals("service.name"))
            .map(attribute -> attribute.getValue().getStringValue())
            .findFirst()
            .orElse("unknown_service");
    return new TelemetryRow()
        .with("service_name", service)
        .with("resource", itsResource)
        .with("scope", itsScope);
  }

  private static JsonArray entities(Resource resource) {
    JsonArray entities = new JsonArray();
    for (EntityRef each : resource.getEntityRefsList()) {
      JsonObject json = new JsonObject();
      addText(json, "schema_url", each.getSchemaUrl());
      addText(json, "type", each.getType());
      addList(json, "id_keys", texts(each.getIdKeysList()));
      addList(json, "description_keys", texts(each.getDescriptionKeysList()));
      entities.add(json);
    }
    return entities;
  }

  private static JsonArray texts(List<String> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    return array;
  }

  private static JsonObject details(Span span) {
    JsonObject details = new JsonObject();
    addText(details, "status_message", span.getStatus().getMessage());
    addText(details, "trace_state", span.getTraceState());
    JsonArray events = new JsonArray();
    for (Span.Event event : span.getEventsList()) {
      JsonObject json = new JsonObject();
      json.addProperty("name", event.getName());
      json.addProperty("time_unix_nano", event.getTimeUnixNano());
      addAttributes(json, event.getAttributesList());
      addCount(json, "dropped_attributes_count", event.getDroppedAttributesCount());
      events.add(json);
    }
    JsonArray links = new JsonArray();
    for (Span.Link link : span.getLinksList()) {
      JsonObject json = new JsonObject();
      json.addProperty("trace_id", hex(link.getTraceId()));
      json.addProperty("span_id", hex(link.getSpanId()));
      addText(json, "trace_state", link.getTraceState());
      addAttributes(json, link.getAttributesList());
      addCount(json, "dropped_attributes_count", link.getDroppedAttributesCount());
      addCount(json, "flags", Integer.toUnsignedLong(link.getFlags()));
      links.add(json);
    }
    addList(details, "events", events);
    addList(details, "links", links);
    addCount(details, "dropped_attributes_count", span.getDroppedAttributesCount());
    addCount(details, "dropped_events_count", span.getDroppedEventsCount());
    addCount(details, "dropped_links_count", span.getDroppedLinksCount());
    return details;
  }

  /// A row for each data point.
  static List<TelemetryRow> points(ResourceMetrics resource) {
    List<TelemetryRow> rows = new ArrayList<>();
    for (ScopeMetrics scope : resource.getScopeMetricsList()) {
      for (Metric metric : scope.getMetricsList()) {
        for (TelemetryRow row : points(resource, scope, metric)) {
          rows.add(
              row.with("metric_name", metric.getName())
                  .with("description", metric.getDescription())
                  .with("unit", metric.getUnit())
                  .with("metric_type", metric.getDataCase().name().toLowerCase(Locale.ROOT))
                  .with("metadata", attributes(metric.getMetadataList())));
        }
      }
    }
    return rows;
  }

  private static List<TelemetryRow> points(
      ResourceMetrics resource, ScopeMetrics scope, Metric metric) {
    List<TelemetryRow> rows = new ArrayList<>();
    switch (metric.getDataCase()) {
      case GAUGE ->
          metric
              .getGauge()
              .getDataPointsList()
              .forEach(point -> rows.add(number(described(resource, scope), point)));
      case SUM ->
          metric
              .getSum()
              .getDataPointsList()
              .forEach(
                  point ->
                      rows.add(
                          number(described(resource, scope), point)
                              .with("is_monotonic", metric.getSum().getIsMonotonic())
                              .with(
                                  "temporality",
                                  temporality(metric.getSum().getAggregationTemporality()))));
      case HISTOGRAM ->
          metric
              .getHistogram()
              .getDataPointsList()
              .forEach(
                  point ->
                      rows.add(
                          histogram(described(resource, scope), point)
                              .with(
                                  "temporality",
                                  temporality(metric.getHistogram().getAggregationTemporality()))));
      case EXPONENTIAL_HISTOGRAM ->
          metric
              .getExponentialHistogram()
              .getDataPointsList()
              .forEach(
                  point ->
                      rows.add(
                          exponential(described(resource, scope), point)
                              .with(
                                  "temporality",
                                  temporality(
                                      metric
                                          .getExponentialHistogram()
                                          .getAggregationTemporality()))));
      case SUMMARY ->
          metric
              .getSummary()
              .getDataPointsList()
              .forEach(point -> rows.add(summary(described(resource, scope), point)));
      case DATA_NOT_SET -> throw new IllegalArgumentException(metric.toString());
    }
    return rows;
  }

  private static TelemetryRow described(ResourceMetrics resource, ScopeMetrics scope) {
    return described(
        resource.getResource(), resource.getSchemaUrl(), scope.getScope(), scope.getSchemaUrl());
  }

  private static String temporality(AggregationTemporality temporality) {
    return temporality.name().replace("AGGREGATION_TEMPORALITY_", "").toLowerCase(Locale.ROOT);
  }

  private static TelemetryRow number(TelemetryRow row, NumberDataPoint point) {
    JsonObject details = new JsonObject();
    addList(details, "exemplars", exemplars(point.getExemplarsList()));
    return row.with("attributes", attributes(point.getAttributesList()))
        .with("time_unix_nanos", point.getTimeUnixNano())
        .with("start_unix_nanos", point.getStartTimeUnixNano())
        .with("flags", point.getFlags())
        .with("value_int", point.hasAsInt() ? point.getAsInt() : null)
        .with("value", point.hasAsDouble() ? point.getAsDouble() : null)
        .with("details", details);
  }

  private static TelemetryRow histogram(TelemetryRow row, HistogramDataPoint point) {
    JsonObject details = new JsonObject();
    addList(details, "bounds", doubles(point.getExplicitBoundsList()));
    addList(details, "counts", integers(point.getBucketCountsList()));
    addList(details, "exemplars", exemplars(point.getExemplarsList()));
    return row.with("attributes", attributes(point.getAttributesList()))
        .with("time_unix_nanos", point.getTimeUnixNano())
        .with("start_unix_nanos", point.getStartTimeUnixNano())
        .with("flags", point.getFlags())
        .with("count", point.getCount())
        .with("sum", point.hasSum() ? point.getSum() : null)
        .with("min", point.hasMin() ? point.getMin() : null)
        .with("max", point.hasMax() ? point.getMax() : null)
        .with("details", details);
  }

  private static TelemetryRow exponential(TelemetryRow row, ExponentialHistogramDataPoint point) {
    JsonObject details = new JsonObject();
    details.addProperty("scale", point.getScale());
    addCount(details, "zero_count", point.getZeroCount());
    if (point.getZeroThreshold() != 0) {
      details.addProperty("zero_threshold", point.getZeroThreshold());
    }
    addBuckets(details, "positive", point.getPositive());
    addBuckets(details, "negative", point.getNegative());
    addList(details, "exemplars", exemplars(point.getExemplarsList()));
    return row.with("attributes", attributes(point.getAttributesList()))
        .with("time_unix_nanos", point.getTimeUnixNano())
        .with("start_unix_nanos", point.getStartTimeUnixNano())
        .with("flags", point.getFlags())
        .with("count", point.getCount())
        .with("sum", point.hasSum() ? point.getSum() : null)
        .with("min", point.hasMin() ? point.getMin() : null)
        .with("max", point.hasMax() ? point.getMax() : null)
        .with("details", details);
  }

  private static void addBuckets(
      JsonObject details, String name, ExponentialHistogramDataPoint.Buckets buckets) {
    JsonObject json = new JsonObject();
    addCount(json, "offset", buckets.getOffset());
    addList(json, "counts", integers(buckets.getBucketCountsList()));
    if (!json.isEmpty()) {
      details.add(name, json);
    }
  }

  private static TelemetryRow summary(TelemetryRow row, SummaryDataPoint point) {
    JsonArray quantiles = new JsonArray();
    for (SummaryDataPoint.ValueAtQuantile each : point.getQuantileValuesList()) {
      JsonObject json = new JsonObject();
      json.add("quantile", number(each.getQuantile()));
      json.add("value", number(each.getValue()));
      quantiles.add(json);
    }
    JsonObject details = new JsonObject();
    addList(details, "quantiles", quantiles);
    return row.with("attributes", attributes(point.getAttributesList()))
        .with("time_unix_nanos", point.getTimeUnixNano())
        .with("start_unix_nanos", point.getStartTimeUnixNano())
        .with("flags", point.getFlags())
        .with("count", point.getCount())
        .with("sum", point.getSum())
        .with("details", details);
  }

  private static JsonArray exemplars(List<Exemplar> exemplars) {
    JsonArray array = new JsonArray();
    for (Exemplar each : exemplars) {
      JsonObject json = new JsonObject();
      json.addProperty("time_unix_nano", each.getTimeUnixNano());
      json.add(
          "value",
          each.hasAsInt() ? new JsonPrimitive(each.getAsInt()) : number(each.getAsDouble()));
      addText(json, "trace_id", hex(each.getTraceId()));
      addText(json, "span_id", hex(each.getSpanId()));
      addAttributes(json, each.getFilteredAttributesList());
      array.add(json);
    }
    return array;
  }

  /// A row for each log record.
  static List<TelemetryRow> logs(ResourceLogs resource) {
    List<TelemetryRow> rows = new ArrayList<>();
    for (ScopeLogs scope : resource.getScopeLogsList()) {
      for (LogRecord log : scope.getLogRecordsList()) {
        boolean hasTime = log.getTimeUnixNano() != 0;
        JsonObject details = new JsonObject();
        addText(details, "time_source", hasTime ? "" : "observed");
        addCount(details, "dropped_attributes_count", log.getDroppedAttributesCount());
        rows.add(
            described(
                    resource.getResource(),
                    resource.getSchemaUrl(),
                    scope.getScope(),
                    scope.getSchemaUrl())
                .with(
                    "time_unix_nanos",
                    hasTime ? log.getTimeUnixNano() : log.getObservedTimeUnixNano())
                .with("observed_unix_nanos", log.getObservedTimeUnixNano())
                .with("severity_number", log.getSeverityNumberValue())
                .with("severity_text", log.getSeverityText())
                .with("trace_id", hex(log.getTraceId()))
                .with("span_id", hex(log.getSpanId()))
                .with("event_name", log.getEventName())
                .with("attributes", attributes(log.getAttributesList()))
                .with("details", details)
                .with("flags", Integer.toUnsignedLong(log.getFlags()))
                .with("body", body(log))
                .with("body_is_json", hasBody(log) && !log.getBody().hasStringValue()));
      }
    }
    return rows;
  }

  private static @org.jspecify.annotations.Nullable String body(LogRecord log) {
    if (!hasBody(log)) {
      return null;
    }
    return log.getBody().hasStringValue()
        ? log.getBody().getStringValue()
        : TelemetryRow.normal(value(log.getBody()));
  }

  /// An empty value is none.
  private static boolean hasBody(LogRecord log) {
    return log.getBody().getValueCase() != AnyValue.ValueCase.VALUE_NOT_SET;
  }

  private static void addText(JsonObject to, String name, String value) {
    if (!value.isEmpty()) {
      to.addProperty(name, value);
    }
  }

  private static void addCount(JsonObject to, String name, long value) {
    if (value != 0) {
      to.addProperty(name, value);
    }
  }

  private static void addList(JsonObject to, String name, JsonArray values) {
    if (!values.isEmpty()) {
      to.add(name, values);
    }
  }

  private static void addAttributes(JsonObject to, List<KeyValue> attributes) {
    if (!attributes.isEmpty()) {
      to.add("attributes", attributes(attributes));
    }
  }

  private static JsonArray doubles(List<Double> values) {
    JsonArray array = new JsonArray();
    values.forEach(each -> array.add(number(each)));
    return array;
  }

  private static JsonArray integers(List<Long> values) {
    JsonArray array = new JsonArray();
    values.forEach(array::add);
    return array;
  }

  /// Attributes as an object.
  static JsonObject attributes(List<KeyValue> attributes) {
    JsonObject json = new JsonObject();
    attributes.forEach(each -> json.add(each.getKey(), value(each.getValue())));
    return json;
  }

  /// The documented JSON of a value.
  static JsonElement value(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> new JsonPrimitive(value.getStringValue());
      case BOOL_VALUE -> new JsonPrimitive(value.getBoolValue());
      case INT_VALUE -> new JsonPrimitive(value.getIntValue());
      case DOUBLE_VALUE -> value(value.getDoubleValue());
      case ARRAY_VALUE -> {
        JsonArray array = new JsonArray();
        value.getArrayValue().getValuesList().forEach(each -> array.add(value(each)));
        yield array;
      }
      case KVLIST_VALUE -> attributes(value.getKvlistValue().getValuesList());
      case BYTES_VALUE -> {
        JsonObject json = new JsonObject();
        json.addProperty(
            "$bytes", Base64.getEncoder().encodeToString(value.getBytesValue().toByteArray()));
        yield json;
      }
      default -> JsonNull.INSTANCE;
    };
  }

  private static JsonElement value(double value) {
    if (Double.isFinite(value)) {
      return new JsonPrimitive(value);
    }
    JsonObject json = new JsonObject();
    json.addProperty("$double", Double.toString(value));
    return json;
  }

  private static JsonPrimitive number(double value) {
    return Double.isFinite(value)
        ? new JsonPrimitive(value)
        : new JsonPrimitive(Double.toString(value));
  }

  static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }
}
