package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.MetricType;
import io.coral.model.StreamSchema;
import java.time.Clock;
import java.util.Arrays;

/// Reads an `ExportMetricsServiceRequest` (opentelemetry.proto.collector.metrics.v1) into rows of
/// [StreamSchema#METRICS], a row for each data point.
///
/// Attributes of a point are written in the order of their keys, so that a series is one whatever
/// order its sender has. A point with more than 128 of them is rejected: without some it would be
/// of another series.
public final class MetricDecoder implements PayloadDecoder {
  private static final int FIRST = 1 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_NAME = FIRST;
  private static final int METRIC_DESCRIPTION = 2 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_UNIT = 3 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_GAUGE = 5 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_SUM = 7 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_HISTOGRAM = 9 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_EXPONENTIAL = 10 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_SUMMARY = 11 << 3 | LENGTH_DELIMITED;
  private static final int METRIC_METADATA = 12 << 3 | LENGTH_DELIMITED;
  private static final int DATA_TEMPORALITY = 2 << 3 | VARINT;
  private static final int DATA_MONOTONIC = 3 << 3 | VARINT;
  private static final int MAX_TEMPORALITY = 2;

  private final Clock clock;
  private final ProtobufReader metric = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader data = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader reader = new ProtobufReader(new byte[0], 0, 0);
  private final DataPoint point = new DataPoint();
  private Vocabulary words = new Vocabulary();
  private byte[] series = new byte[256];

  /// What all points of a metric have; strings by number.
  private static final class Metric {
    int name;
    int description;
    int unit;
    int metadata;
    MetricType type = MetricType.UNSPECIFIED;
    int dataStart;
    int dataEnd;
    long temporality;
    boolean monotonic;
  }

  public MetricDecoder(Clock clock) {
    this.clock = clock;
  }

  @Override
  public DecodedItems decode(byte[] bytes, int from, int to) throws MalformedPayloadException {
    words = words.forPayload(to - from);
    try {
      return reader(bytes).read(from, to);
    } finally {
      if (words.isLarge()) {
        words = new Vocabulary();
      }
    }
  }

  private PayloadReader reader(byte[] bytes) {
    return new PayloadReader(bytes, words, StreamSchema.METRICS, "metric") {
      @Override
      void item(Vocabulary.Resource resource, int scope, int metricFrom, int metricTo)
          throws MalformedPayloadException, RejectedItemException {
        metric(this, resource, scope, metricFrom, metricTo);
      }

      @Override
      long itemsIn(int metricFrom, int metricTo) throws MalformedPayloadException {
        return points(bytes, metricFrom, metricTo);
      }
    };
  }

  private static long points(byte[] bytes, int from, int to) throws MalformedPayloadException {
    long points = 0;
    ProtobufReader metric = new ProtobufReader(bytes, from, to);
    while (metric.next()) {
      switch (metric.tag()) {
        case METRIC_GAUGE, METRIC_SUM, METRIC_HISTOGRAM, METRIC_EXPONENTIAL, METRIC_SUMMARY -> {
          metric.slice();
          points = 0;
          ProtobufReader data = new ProtobufReader(bytes, metric.start(), metric.end());
          while (data.next()) {
            points += data.tag() == FIRST ? 1 : 0;
            data.skip();
          }
        }
        default -> metric.skip();
      }
    }
    return points;
  }

  private void metric(
      PayloadReader payload, Vocabulary.Resource resource, int scope, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    byte[] bytes = payload.bytes;
    Metric of = new Metric();
    of.name = words.empty;
    of.description = words.empty;
    of.unit = words.empty;
    of.metadata = words.empty;
    boolean metadata = false;
    metric.reset(bytes, from, to);
    while (metric.next()) {
      switch (metric.tag()) {
        case METRIC_NAME -> of.name = text(bytes);
        case METRIC_DESCRIPTION -> of.description = text(bytes);
        case METRIC_UNIT -> of.unit = text(bytes);
        case METRIC_GAUGE -> data(of, MetricType.GAUGE);
        case METRIC_SUM -> data(of, MetricType.SUM);
        case METRIC_HISTOGRAM -> data(of, MetricType.HISTOGRAM);
        case METRIC_EXPONENTIAL -> data(of, MetricType.EXPONENTIAL_HISTOGRAM);
        case METRIC_SUMMARY -> data(of, MetricType.SUMMARY);
        case METRIC_METADATA -> {
          metadata = true;
          metric.skip();
        }
        default -> metric.skip();
      }
    }
    if (metadata) {
      of.metadata = words.texts.idOf(AnyValueJson.sorted(bytes, from, to, METRIC_METADATA));
    }
    // The kind of sum may stand behind the points.
    data.reset(bytes, of.dataStart, of.dataEnd);
    while (data.next()) {
      switch (data.tag()) {
        case DATA_TEMPORALITY -> {
          long temporality = data.varint();
          of.temporality = temporality >= 0 && temporality <= MAX_TEMPORALITY ? temporality : 0;
        }
        case DATA_MONOTONIC -> of.monotonic = data.varint() != 0;
        default -> data.skip();
      }
    }
    data.reset(bytes, of.dataStart, of.dataEnd);
    while (data.next()) {
      if (data.tag() != FIRST) {
        data.skip();
        continue;
      }
      data.slice();
      if (!payload.hasRoom()) {
        payload.rejectForRoom(1);
        continue;
      }
      try {
        point.read(of.type, bytes, data.start(), data.end());
        if (point.wrong().isEmpty()) {
          add(payload, resource, scope, of, data.start(), data.end());
        } else {
          payload.reject(1, "data point of " + words.texts.text(of.name) + ": " + point.wrong());
        }
      } catch (RejectedItemException e) {
        payload.reject(1, "data point " + e.getMessage());
      }
    }
  }

  private int text(byte[] bytes) throws MalformedPayloadException {
    metric.slice();
    return words.texts.idOf(bytes, metric.start(), metric.end());
  }

  private void data(Metric of, MetricType type) throws MalformedPayloadException {
    metric.slice();
    of.type = type;
    of.dataStart = metric.start();
    of.dataEnd = metric.end();
  }

  private void add(
      PayloadReader payload, Vocabulary.Resource resource, int scope, Metric of, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    int attributes = attributes(payload.bytes, from, to, DataPoint.attributeTag(of.type));
    String details = PointDetails.json(of.type, payload.bytes, from, to);
    payload
        .rows
        .add(point.time > 0 ? point.time : clock.millis() * 1_000_000)
        .add(Math.max(0, point.start))
        .addText(resource.service())
        .addText(of.name)
        .addText(of.description)
        .addText(of.unit)
        .add((long) of.type.ordinal())
        .add(of.temporality)
        .add(of.monotonic ? 1L : 0L)
        .add(point.value)
        .add(point.integer)
        .add((long) point.fields)
        .add(point.flags)
        .add(point.count)
        .add(point.sum)
        .add(point.min)
        .add(point.max)
        .add(details)
        .addText(resource.json())
        .addText(scope)
        .addText(of.metadata)
        .addText(attributes);
  }

  /// The number of the JSON of a point's attributes. They need not lie side by side, so they are
  /// brought together to be looked up.
  private int attributes(byte[] bytes, int from, int to, int tag)
      throws MalformedPayloadException, RejectedItemException {
    int length = 0;
    reader.reset(bytes, from, to);
    int at = reader.position();
    while (reader.next()) {
      boolean attribute = reader.tag() == tag;
      reader.skip();
      int end = reader.position();
      if (attribute) {
        if (length + end - at > series.length) {
          series = Arrays.copyOf(series, 2 * (length + end - at));
        }
        System.arraycopy(bytes, at, series, length, end - at);
        length += end - at;
      }
      at = end;
    }
    return words.attributes(series, 0, length, tag);
  }
}
