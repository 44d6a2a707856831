package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.MetricFields;
import io.coral.model.MetricType;

/// The numbers of a data point, whatever its type. Reused for the next one.
final class DataPoint {
  /// Buckets or quantiles of a point that are taken.
  static final int MAX_BUCKETS = 4096;

  private static final int START = 2 << 3 | FIXED64;
  private static final int TIME = 3 << 3 | FIXED64;
  private static final int COUNT = 4 << 3 | FIXED64;
  private static final int DOUBLE_VALUE = 4 << 3 | FIXED64;
  private static final int INT_VALUE = 6 << 3 | FIXED64;
  private static final int SUM = 5 << 3 | FIXED64;

  private final ProtobufReader point = new ProtobufReader(new byte[0], 0, 0);

  long time;
  long start;
  double value;
  long integer;
  long flags;
  long count;
  double sum;
  double min;
  double max;

  /// Of [MetricFields].
  int fields;

  private String wrong = "";

  /// The tag under which points of a type have their attributes.
  static int attributeTag(MetricType type) {
    return switch (type) {
      case HISTOGRAM -> 9 << 3 | LENGTH_DELIMITED;
      case EXPONENTIAL_HISTOGRAM -> 1 << 3 | LENGTH_DELIMITED;
      default -> 7 << 3 | LENGTH_DELIMITED;
    };
  }

  private static int flagsField(MetricType type) {
    return type == MetricType.HISTOGRAM || type == MetricType.EXPONENTIAL_HISTOGRAM ? 10 : 8;
  }

  /// The field of the least value, before that of the greatest; negative when points of the type
  /// have neither.
  private static int minField(MetricType type) {
    return switch (type) {
      case HISTOGRAM -> 11;
      case EXPONENTIAL_HISTOGRAM -> 12;
      default -> -1;
    };
  }

  /// What is wrong with the point that was read; empty when nothing is.
  String wrong() {
    return wrong;
  }

  void read(MetricType type, byte[] bytes, int from, int to) throws MalformedPayloadException {
    time = 0;
    start = 0;
    value = 0;
    integer = 0;
    flags = 0;
    count = 0;
    sum = 0;
    min = 0;
    max = 0;
    fields = 0;
    wrong = "";
    boolean isNumber = type == MetricType.GAUGE || type == MetricType.SUM;
    int attributeTag = attributeTag(type);
    int flagsTag = flagsField(type) << 3 | VARINT;
    int minTag = minField(type) << 3 | FIXED64;
    int maxTag = (minField(type) + 1) << 3 | FIXED64;
    int attributes = 0;
    Buckets buckets = new Buckets();
    point.reset(bytes, from, to);
    while (point.next()) {
      int tag = point.tag();
      if (tag == attributeTag) {
        attributes++;
        point.skip();
      } else if (tag == START) {
        start = point.fixed64();
      } else if (tag == TIME) {
        time = point.fixed64();
      } else if (tag == flagsTag) {
        flags = PayloadReader.count(point);
      } else if (isNumber) {
        number(tag);
      } else if (tag == COUNT) {
        count = point.fixed64();
      } else if (tag == SUM) {
        sum = real(MetricFields.SUM);
      } else if (minField(type) > 0 && tag == minTag) {
        min = real(MetricFields.MIN);
      } else if (minField(type) > 0 && tag == maxTag) {
        max = real(MetricFields.MAX);
      } else {
        buckets.count(type, point);
      }
    }
    if (type == MetricType.SUMMARY) {
      // It has no presence there: a sum of 0 is not sent.
      fields |= MetricFields.SUM;
    }
    if (attributes > PayloadReader.MAX_ITEMS) {
      wrong = "attributes: " + attributes + " (expected: at most " + PayloadReader.MAX_ITEMS + ")";
    } else if (count < 0) {
      wrong = "count: " + Long.toUnsignedString(count) + " (expected: less than 2^63)";
    } else {
      wrong = buckets.wrong();
    }
  }

  private void number(int tag) throws MalformedPayloadException {
    // Of the two the last one counts.
    if (tag == DOUBLE_VALUE) {
      value = Double.longBitsToDouble(point.fixed64());
      integer = 0;
      fields = MetricFields.DOUBLE;
    } else if (tag == INT_VALUE) {
      integer = point.fixed64();
      value = integer;
      fields = MetricFields.INTEGER;
    } else {
      point.skip();
    }
  }

  private double real(int field) throws MalformedPayloadException {
    fields |= field;
    return Double.longBitsToDouble(point.fixed64());
  }

  /// Counts buckets without keeping them.
  private static final class Buckets {
    private static final int BUCKET_COUNTS = 6;
    private static final int EXPLICIT_BOUNDS = 7;
    private static final int POSITIVE = 8 << 3 | LENGTH_DELIMITED;
    private static final int NEGATIVE = 9 << 3 | LENGTH_DELIMITED;
    private static final int QUANTILE = 6 << 3 | LENGTH_DELIMITED;
    private static final int EXPONENTIAL_COUNTS = 2;

    private long counts;
    private long bounds;
    private boolean hasBounds;

    void count(MetricType type, ProtobufReader point) throws MalformedPayloadException {
      int tag = point.tag();
      if (type == MetricType.HISTOGRAM && point.field() == BUCKET_COUNTS) {
        counts += Packed.count(point, FIXED64);
        hasBounds = true;
      } else if (type == MetricType.HISTOGRAM && point.field() == EXPLICIT_BOUNDS) {
        bounds += Packed.count(point, FIXED64);
        hasBounds = true;
      } else if (type == MetricType.EXPONENTIAL_HISTOGRAM && (tag == POSITIVE || tag == NEGATIVE)) {
        point.slice();
        ProtobufReader buckets = new ProtobufReader(point.bytes(), point.start(), point.end());
        while (buckets.next()) {
          if (buckets.field() == EXPONENTIAL_COUNTS) {
            counts += Packed.count(buckets, VARINT);
          } else {
            buckets.skip();
          }
        }
      } else {
        counts += type == MetricType.SUMMARY && tag == QUANTILE ? 1 : 0;
        point.skip();
      }
    }

    String wrong() {
      if (counts > MAX_BUCKETS) {
        return "buckets: " + counts + " (expected: at most " + MAX_BUCKETS + ")";
      }
      return hasBounds && counts != bounds + 1 && counts + bounds > 0
          ? "bucket_counts: "
              + counts
              + " (expected: "
              + (bounds + 1)
              + ", one more than explicit_bounds)"
          : "";
    }
  }
}
