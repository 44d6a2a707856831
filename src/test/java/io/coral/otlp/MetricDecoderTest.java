package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.model.ColumnBatch;
import io.coral.model.MetricFields;
import io.coral.model.MetricType;
import io.coral.model.StreamSchema;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogram;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Histogram;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class MetricDecoderTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final long TIME = 1_790_000_000_000_000_000L;
  private static final String EXEMPLAR =
      "{\"time_unix_nano\":1789999999999999993,\"value\":%s,"
          + "\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"span_id\":\"b7ad6b7169203331\"%s}";

  private final MetricDecoder decoder = new MetricDecoder(Clock.fixed(NOON, ZoneOffset.UTC));

  private DecodedItems decode(Metric... metrics) throws MalformedPayloadException {
    return decode(SentMetrics.request("shop", List.of(metrics)).toByteArray());
  }

  private DecodedItems decode(byte[] bytes) throws MalformedPayloadException {
    return decoder.decode(bytes, 0, bytes.length);
  }

  private static int index(String column) {
    return SentLogs.index(StreamSchema.METRICS, column);
  }

  private static String plain(ColumnBatch batch, int row) {
    return new String(batch.plains(index("details"))[row], StandardCharsets.UTF_8);
  }

  private static Metric gauge(NumberDataPoint.Builder point) {
    return Metric.newBuilder()
        .setName("g")
        .setGauge(Gauge.newBuilder().addDataPoints(point))
        .build();
  }

  @Test
  void points_ofAllTypes_areRead() throws Exception {
    DecodedItems decoded = decode(SentMetrics.ofAllTypes(TIME).toArray(Metric[]::new));
    assertThat(decoded.rejected()).isZero();
    ColumnBatch batch = decoded.batch();
    assertThat(batch.rows()).isEqualTo(6);
    assertThat(batch.texts(index("name")))
        .containsExactly(
            "process.cpu.utilization",
            "orders",
            "orders",
            "http.server.request.duration",
            "rpc.size",
            "gc.pause");
    assertThat(batch.longs(index("type"))).containsExactly(1, 2, 2, 3, 4, 5);
    assertThat(MetricType.values()[4].label()).isEqualTo("exponential_histogram");
    assertThat(batch.longs(index("temporality"))).containsExactly(0, 2, 2, 1, 1, 0);
    assertThat(batch.longs(index("monotonic"))).containsExactly(0, 1, 1, 0, 0, 0);
    assertThat(batch.longs(index("time_unix_nanos")))
        .containsExactly(TIME, TIME, TIME + 1, TIME, TIME, TIME);
    assertThat(batch.longs(index("start_unix_nanos")))
        .containsExactly(0, TIME - 60, TIME - 60, TIME - 60, TIME - 60, TIME - 60);
    assertThat(batch.doubles(index("value")))
        .containsExactly(0.25, (double) SentMetrics.EXACT, 0, 0, 0, 0);
    assertThat(batch.longs(index("int_value"))).containsExactly(0, SentMetrics.EXACT, 0, 0, 0, 0);
    int all = MetricFields.SUM | MetricFields.MIN | MetricFields.MAX;
    assertThat(batch.longs(index("fields")))
        .containsExactly(MetricFields.DOUBLE, MetricFields.INTEGER, 0, all, all, MetricFields.SUM);
    assertThat(batch.longs(index("flags"))).containsExactly(0, 0, 1, 0, 0, 0);
    assertThat(batch.longs(index("count"))).containsExactly(0, 0, 0, 6, 9, 7);
    assertThat(batch.doubles(index("sum"))).containsExactly(0, 0, 0, 1.5, -3, 70);
    assertThat(batch.doubles(index("min"))).containsExactly(0, 0, 0, 0, -9, 0);
    assertThat(batch.doubles(index("max"))).containsExactly(0, 0, 0, 0.75, 8, 0);
    assertThat(batch.texts(index("attributes")))
        .containsExactly(
            "{\"cpu\":3,\"state\":\"user\"}", "{}", "{}", "{}", "{\"rpc\":\"Add\"}", "{}");
    assertThat(batch.texts(index("metadata")))
        .containsExactly("{\"origin\":\"test\"}", "", "", "", "", "");
    assertThat(batch.texts(index("description"))[0]).isEqualTo("share of one core");
    assertThat(batch.texts(index("unit"))[1]).isEqualTo("{order}");
    assertThat(batch.texts(index("resource"))[0]).contains("schemas/1.30.0");
    assertThat(plain(batch, 0)).isEmpty();
    assertThat(plain(batch, 1)).isEqualTo("{\"exemplars\":[" + EXEMPLAR.formatted("-5", "") + "]}");
    assertThat(plain(batch, 3))
        .isEqualTo(
            "{\"bounds\":[0.005,0.5],\"counts\":[1,2,3],\"exemplars\":["
                + EXEMPLAR.formatted("0.75", ",\"attributes\":{\"user\":\"u\"}")
                + "]}");
    assertThat(plain(batch, 4))
        .isEqualTo(
            "{\"scale\":-2,\"zero_count\":2,\"zero_threshold\":1.0E-9,"
                + "\"positive\":{\"offset\":-4,\"counts\":[1,0,300]},"
                + "\"negative\":{\"offset\":5,\"counts\":[4]}}");
    assertThat(plain(batch, 5))
        .isEqualTo(
            "{\"quantiles\":[{\"quantile\":0.5,\"value\":8.0},{\"quantile\":1.0,\"value\":30.0}]}");
  }

  @Test
  void attributes_inAnotherOrder_areTheSameSeries() throws Exception {
    KeyValue one = SpanPayloads.text("a", "1");
    KeyValue two = SpanPayloads.number("b", 2);
    ColumnBatch batch =
        decode(
                gauge(NumberDataPoint.newBuilder().addAttributes(one).addAttributes(two)),
                gauge(NumberDataPoint.newBuilder().addAttributes(two).addAttributes(one)))
            .batch();
    int[] series = batch.textIds(index("attributes"));
    assertThat(series[0]).isEqualTo(series[1]);
    assertThat(batch.longs(index("time_unix_nanos"))[0]).isEqualTo(1_795_262_400_000_000_000L);
  }

  @Test
  void numbers_thatAreNone_areKept() throws Exception {
    ColumnBatch batch =
        decode(
                gauge(NumberDataPoint.newBuilder().setAsDouble(Double.NaN)),
                gauge(NumberDataPoint.newBuilder().setAsDouble(Double.NEGATIVE_INFINITY)),
                gauge(NumberDataPoint.newBuilder().setAsDouble(-0.0)))
            .batch();
    assertThat(batch.doubles(index("value")))
        .containsExactly(Double.NaN, Double.NEGATIVE_INFINITY, -0.0);
  }

  @Test
  void points_thatCannotBe_areRejectedAlone() throws Exception {
    NumberDataPoint.Builder many = NumberDataPoint.newBuilder();
    for (int i = 0; i < 129; i++) {
      many.addAttributes(SpanPayloads.number("k" + i, i));
    }
    AnyValue deep = AnyValue.newBuilder().setIntValue(1).build();
    for (int i = 0; i < 40; i++) {
      deep = AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(deep)).build();
    }
    Histogram.Builder histogram =
        Histogram.newBuilder()
            .addDataPoints(
                HistogramDataPoint.newBuilder().addBucketCounts(1).addExplicitBounds(1.0))
            .addDataPoints(HistogramDataPoint.newBuilder().setCount(-1))
            .addDataPoints(HistogramDataPoint.newBuilder().setCount(1));
    ExponentialHistogram.Builder exponential =
        ExponentialHistogram.newBuilder()
            .addDataPoints(
                ExponentialHistogramDataPoint.newBuilder()
                    .setPositive(
                        ExponentialHistogramDataPoint.Buckets.newBuilder()
                            .addAllBucketCounts(Collections.nCopies(5000, 1L))));
    DecodedItems decoded =
        decode(
            gauge(many),
            gauge(
                NumberDataPoint.newBuilder()
                    .addAttributes(KeyValue.newBuilder().setKey("deep").setValue(deep))),
            Metric.newBuilder().setName("h").setHistogram(histogram).build(),
            Metric.newBuilder().setName("e").setExponentialHistogram(exponential).build(),
            Metric.newBuilder()
                .setName("m")
                .setHistogram(histogram)
                .addMetadata(KeyValue.newBuilder().setKey("deep").setValue(deep))
                .build());
    assertThat(decoded.rejected()).isEqualTo(8);
    assertThat(decoded.message())
        .isEqualTo("data point of g: attributes: 129 (expected: at most 128)");
    assertThat(decoded.batch().rows()).isEqualTo(1);
    assertThat(decode(Metric.newBuilder().setName("h").setHistogram(histogram).build()).message())
        .isEqualTo(
            "data point of h: bucket_counts: 1 (expected: 2, one more than explicit_bounds)");
  }

  @Test
  void attributes_thatAreTooLongTogether_rejectTheirPointAlone() throws Exception {
    NumberDataPoint.Builder point = NumberDataPoint.newBuilder();
    for (int i = 0; i < 120; i++) {
      point.addAttributes(SpanPayloads.text("k" + i, "x".repeat(10_000)));
    }
    DecodedItems decoded = decode(gauge(point), gauge(NumberDataPoint.newBuilder()));
    assertThat(decoded.rejected()).isEqualTo(1);
    assertThat(decoded.message()).contains("more than 1048576 characters");
    assertThat(decoded.batch().rows()).isEqualTo(1);
  }

  private static byte[] points(int count, IntFunction<String> series) {
    Gauge.Builder gauge = Gauge.newBuilder();
    for (int i = 0; i < count; i++) {
      gauge.addDataPoints(
          NumberDataPoint.newBuilder().addAttributes(SpanPayloads.text("id", series.apply(i))));
    }
    return SentMetrics.request(
            "shop", List.of(Metric.newBuilder().setName("many").setGauge(gauge).build()))
        .toByteArray();
  }

  @Test
  void points_beyondTheLimit_areRejected_andTheNextPayloadIsTaken() throws Exception {
    DecodedItems decoded = decode(points(PayloadReader.MAX_ROWS + 7, i -> "s" + i % 10));
    assertThat(decoded.rejected()).isEqualTo(7);
    assertThat(decoded.message())
        .isEqualTo(
            "metric: too many items or different strings in one request, send fewer at once");
    assertThat(decoded.batch().rows()).isEqualTo(PayloadReader.MAX_ROWS);
    assertThat(decode(points(10, i -> "s" + i)).rejected()).isZero();
  }

  @Test
  void points_withTooManyDifferentStrings_areRejected_howeverManyCameBefore() throws Exception {
    String tail = "y".repeat(300);
    int count = 45_000;
    DecodedItems first = decode(points(count, i -> i + tail));
    assertThat(first.rejected()).isBetween(1L, count / 2L);
    assertThat(first.batch().rows() + first.rejected()).isEqualTo(count);
    decode(points(1000, i -> "x" + i + tail));
    assertThat(decode(points(count, i -> "z" + i + tail)).rejected())
        .isCloseTo(first.rejected(), Offset.offset(100L));
  }

  @Test
  void payload_cutAnywhere_isMalformedOrWhole() {
    byte[] bytes = SentMetrics.request("shop", SentMetrics.ofAllTypes(TIME)).toByteArray();
    for (int to = 0; to < bytes.length; to++) {
      try {
        decoder.decode(bytes, 0, to);
      } catch (MalformedPayloadException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
    assertThatThrownBy(() -> decoder.decode(bytes, 0, bytes.length - 1))
        .isInstanceOf(MalformedPayloadException.class);
  }

  @Test
  void bytes_thatAreAnything_neverDoMoreThanFail() {
    Random random = new Random(8);
    byte[] good = SentMetrics.request("shop", SentMetrics.ofAllTypes(TIME)).toByteArray();
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = good.clone();
      for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        decode(bytes);
      } catch (MalformedPayloadException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }
}
