package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.MetricType;
import java.util.HexFormat;

/// What a data point has beside its columns, as JSON: `bounds` and `counts`; `scale`, `zero_count`,
/// `zero_threshold`, `positive` and `negative`, each with `offset` and `counts`; `quantiles`;
/// `exemplars` and how many of them are missing. Counts are per bucket. What is not there, zero or
/// empty is left out, except that a scale always stands with an exponential histogram.
final class PointDetails {
  private PointDetails() {}

  /// Empty when there is nothing.
  static String json(MetricType type, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    Lists lists = new Lists();
    ProtobufReader point = new ProtobufReader(bytes, from, to);
    while (point.next()) {
      switch (type) {
        case GAUGE, SUM -> number(lists, point);
        case HISTOGRAM -> histogram(lists, point);
        case EXPONENTIAL_HISTOGRAM -> exponential(lists, point);
        case SUMMARY -> summary(lists, point);
        case UNSPECIFIED -> point.skip();
      }
    }
    StringBuilder json = new StringBuilder();
    if (type == MetricType.EXPONENTIAL_HISTOGRAM) {
      JsonMembers.name(json, "scale");
      json.append(lists.scale);
    }
    if (lists.zeroCount != 0) {
      JsonMembers.name(json, "zero_count");
      json.append(Long.toUnsignedString(lists.zeroCount));
    }
    if (lists.zeroThreshold != 0) {
      JsonMembers.name(json, "zero_threshold");
      AnyValueJson.number(json, lists.zeroThreshold);
    }
    object(json, "positive", lists.positive);
    object(json, "negative", lists.negative);
    JsonMembers.list(json, "bounds", lists.bounds);
    JsonMembers.list(json, "counts", lists.counts);
    JsonMembers.list(json, "quantiles", lists.quantiles);
    JsonMembers.list(json, "exemplars", lists.exemplars);
    JsonMembers.count(
        json,
        "dropped_exemplars_count",
        Math.max(0, lists.exemplarCount - PayloadReader.MAX_ITEMS));
    return json.isEmpty() ? "" : json.insert(0, '{').append('}').toString();
  }

  private static final class Lists {
    final StringBuilder bounds = new StringBuilder();
    final StringBuilder counts = new StringBuilder();
    final StringBuilder positive = new StringBuilder();
    final StringBuilder negative = new StringBuilder();
    final StringBuilder quantiles = new StringBuilder();
    final StringBuilder exemplars = new StringBuilder();
    long scale;
    long zeroCount;
    double zeroThreshold;
    long exemplarCount;

    void exemplar(ProtobufReader point) throws MalformedPayloadException, RejectedItemException {
      point.slice();
      if (exemplarCount++ < PayloadReader.MAX_ITEMS) {
        exemplars.append(exemplars.isEmpty() ? "" : ",");
        PointDetails.exemplar(exemplars, point.bytes(), point.start(), point.end());
      }
    }
  }

  private static void number(Lists lists, ProtobufReader point)
      throws MalformedPayloadException, RejectedItemException {
    if (point.tag() == (5 << 3 | LENGTH_DELIMITED)) {
      lists.exemplar(point);
    } else {
      point.skip();
    }
  }

  private static void histogram(Lists lists, ProtobufReader point)
      throws MalformedPayloadException, RejectedItemException {
    switch (point.field()) {
      case 6 -> Packed.read(point, FIXED64, count -> unsigned(lists.counts, count));
      case 7 -> Packed.read(point, FIXED64, bits -> real(lists.bounds, bits));
      default -> {
        if (point.tag() == (8 << 3 | LENGTH_DELIMITED)) {
          lists.exemplar(point);
        } else {
          point.skip();
        }
      }
    }
  }

  private static void exponential(Lists lists, ProtobufReader point)
      throws MalformedPayloadException, RejectedItemException {
    switch (point.tag()) {
      case 6 << 3 | VARINT -> lists.scale = zigzag(point.varint());
      case 7 << 3 | FIXED64 -> lists.zeroCount = point.fixed64();
      case 8 << 3 | LENGTH_DELIMITED -> buckets(lists.positive, point);
      case 9 << 3 | LENGTH_DELIMITED -> buckets(lists.negative, point);
      case 11 << 3 | LENGTH_DELIMITED -> lists.exemplar(point);
      case 14 << 3 | FIXED64 -> lists.zeroThreshold = Double.longBitsToDouble(point.fixed64());
      default -> point.skip();
    }
  }

  private static void buckets(StringBuilder json, ProtobufReader point)
      throws MalformedPayloadException {
    point.slice();
    ProtobufReader buckets = new ProtobufReader(point.bytes(), point.start(), point.end());
    long offset = 0;
    StringBuilder counts = new StringBuilder();
    while (buckets.next()) {
      if (buckets.tag() == (1 << 3 | VARINT)) {
        offset = zigzag(buckets.varint());
      } else if (buckets.field() == 2) {
        Packed.read(buckets, VARINT, count -> unsigned(counts, count));
      } else {
        buckets.skip();
      }
    }
    json.setLength(0);
    JsonMembers.count(json, "offset", offset);
    JsonMembers.list(json, "counts", counts);
  }

  private static void summary(Lists lists, ProtobufReader point) throws MalformedPayloadException {
    if (point.tag() != (6 << 3 | LENGTH_DELIMITED)) {
      point.skip();
      return;
    }
    point.slice();
    ProtobufReader at = new ProtobufReader(point.bytes(), point.start(), point.end());
    double quantile = 0;
    double value = 0;
    while (at.next()) {
      switch (at.tag()) {
        case 1 << 3 | FIXED64 -> quantile = Double.longBitsToDouble(at.fixed64());
        case 2 << 3 | FIXED64 -> value = Double.longBitsToDouble(at.fixed64());
        default -> at.skip();
      }
    }
    StringBuilder json = lists.quantiles;
    json.append(json.isEmpty() ? "{\"quantile\":" : ",{\"quantile\":");
    AnyValueJson.number(json, quantile);
    json.append(",\"value\":");
    AnyValueJson.number(json, value);
    json.append('}');
  }

  private static void exemplar(StringBuilder json, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader exemplar = new ProtobufReader(bytes, from, to);
    long time = 0;
    String traceId = "";
    String spanId = "";
    StringBuilder value = new StringBuilder();
    while (exemplar.next()) {
      switch (exemplar.tag()) {
        case 2 << 3 | FIXED64 -> time = exemplar.fixed64();
        case 3 << 3 | FIXED64 -> {
          value.setLength(0);
          AnyValueJson.number(value, Double.longBitsToDouble(exemplar.fixed64()));
        }
        case 6 << 3 | FIXED64 -> {
          value.setLength(0);
          value.append(exemplar.fixed64());
        }
        case 4 << 3 | LENGTH_DELIMITED -> spanId = id(exemplar, 8);
        case 5 << 3 | LENGTH_DELIMITED -> traceId = id(exemplar, 16);
        default -> exemplar.skip();
      }
    }
    json.append("{\"time_unix_nano\":").append(Math.max(0, time));
    JsonMembers.name(json, "value");
    json.append(value.isEmpty() ? "null" : value);
    JsonMembers.text(json, "trace_id", traceId);
    JsonMembers.text(json, "span_id", spanId);
    JsonMembers.attributes(json, "attributes", bytes, from, to, 7 << 3 | LENGTH_DELIMITED);
    json.append('}');
  }

  /// Empty when it is of another length.
  private static String id(ProtobufReader field, int length) throws MalformedPayloadException {
    return field.slice() == length
        ? HexFormat.of().formatHex(field.bytes(), field.start(), field.end())
        : "";
  }

  private static void object(StringBuilder json, String name, StringBuilder members) {
    if (!members.isEmpty()) {
      JsonMembers.name(json, name);
      json.append('{').append(members).append('}');
    }
  }

  private static void unsigned(StringBuilder list, long count) {
    list.append(list.isEmpty() ? "" : ",").append(Long.toUnsignedString(count));
  }

  private static void real(StringBuilder list, long bits) {
    list.append(list.isEmpty() ? "" : ",");
    AnyValueJson.number(list, Double.longBitsToDouble(bits));
  }

  private static int zigzag(long value) {
    int bits = (int) value;
    return bits >>> 1 ^ -(bits & 1);
  }
}
