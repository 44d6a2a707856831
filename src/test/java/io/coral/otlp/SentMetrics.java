package io.coral.otlp;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.Exemplar;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogram;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Gauge;
import io.opentelemetry.proto.metrics.v1.Histogram;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.metrics.v1.Sum;
import io.opentelemetry.proto.metrics.v1.Summary;
import io.opentelemetry.proto.metrics.v1.SummaryDataPoint;
import io.opentelemetry.proto.resource.v1.Resource;
import java.util.List;

/// Metrics of every type as applications send them.
public final class SentMetrics {
  /// One more than a floating-point number can tell from its neighbour.
  public static final long EXACT = (1L << 53) + 1;

  private SentMetrics() {}

  /// A metric of each type, six points in all, at a time.
  public static List<Metric> ofAllTypes(long time) {
    return List.of(
        Metric.newBuilder()
            .setName("process.cpu.utilization")
            .setDescription("share of one core")
            .setUnit("1")
            .addMetadata(SpanPayloads.text("origin", "test"))
            .setGauge(
                Gauge.newBuilder()
                    .addDataPoints(
                        NumberDataPoint.newBuilder()
                            .setTimeUnixNano(time)
                            .setAsDouble(0.25)
                            .addAttributes(SpanPayloads.text("state", "user"))
                            .addAttributes(SpanPayloads.number("cpu", 3))))
            .build(),
        Metric.newBuilder()
            .setName("orders")
            .setUnit("{order}")
            .setSum(
                Sum.newBuilder()
                    .setAggregationTemporality(
                        AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
                    .setIsMonotonic(true)
                    .addDataPoints(
                        NumberDataPoint.newBuilder()
                            .setStartTimeUnixNano(time - 60)
                            .setTimeUnixNano(time)
                            .setAsInt(EXACT)
                            .addExemplars(exemplar(time).setAsInt(-5)))
                    .addDataPoints(
                        NumberDataPoint.newBuilder()
                            .setStartTimeUnixNano(time - 60)
                            .setTimeUnixNano(time + 1)
                            .setFlags(1)))
            .build(),
        Metric.newBuilder()
            .setName("http.server.request.duration")
            .setUnit("s")
            .setHistogram(
                Histogram.newBuilder()
                    .setAggregationTemporality(AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA)
                    .addDataPoints(
                        HistogramDataPoint.newBuilder()
                            .setStartTimeUnixNano(time - 60)
                            .setTimeUnixNano(time)
                            .setCount(6)
                            .setSum(1.5)
                            .setMin(0)
                            .setMax(0.75)
                            .addAllExplicitBounds(List.of(0.005, 0.5))
                            .addAllBucketCounts(List.of(1L, 2L, 3L))
                            .addExemplars(
                                exemplar(time)
                                    .setAsDouble(0.75)
                                    .addFilteredAttributes(SpanPayloads.text("user", "u")))))
            .build(),
        Metric.newBuilder()
            .setName("rpc.size")
            .setUnit("By")
            .setExponentialHistogram(
                ExponentialHistogram.newBuilder()
                    .setAggregationTemporality(AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA)
                    .addDataPoints(
                        ExponentialHistogramDataPoint.newBuilder()
                            .setStartTimeUnixNano(time - 60)
                            .setTimeUnixNano(time)
                            .setCount(9)
                            .setSum(-3)
                            .setScale(-2)
                            .setZeroCount(2)
                            .setZeroThreshold(1e-9)
                            .setPositive(
                                ExponentialHistogramDataPoint.Buckets.newBuilder()
                                    .setOffset(-4)
                                    .addAllBucketCounts(List.of(1L, 0L, 300L)))
                            .setNegative(
                                ExponentialHistogramDataPoint.Buckets.newBuilder()
                                    .setOffset(5)
                                    .addBucketCounts(4))
                            .setMin(-9)
                            .setMax(8)
                            .addAttributes(SpanPayloads.text("rpc", "Add"))))
            .build(),
        Metric.newBuilder()
            .setName("gc.pause")
            .setUnit("ms")
            .setSummary(
                Summary.newBuilder()
                    .addDataPoints(
                        SummaryDataPoint.newBuilder()
                            .setStartTimeUnixNano(time - 60)
                            .setTimeUnixNano(time)
                            .setCount(7)
                            .setSum(70)
                            .addQuantileValues(quantile(0.5, 8))
                            .addQuantileValues(quantile(1, 30))))
            .build());
  }

  private static SummaryDataPoint.ValueAtQuantile.Builder quantile(double quantile, double value) {
    return SummaryDataPoint.ValueAtQuantile.newBuilder().setQuantile(quantile).setValue(value);
  }

  private static Exemplar.Builder exemplar(long time) {
    return Exemplar.newBuilder()
        .setTimeUnixNano(time - 7)
        .setTraceId(ByteString.fromHex("0af7651916cd43dd8448eb211c80319c"))
        .setSpanId(ByteString.fromHex("b7ad6b7169203331"));
  }

  /// The request with the metrics of one service.
  public static ExportMetricsServiceRequest request(String service, List<Metric> metrics) {
    return ExportMetricsServiceRequest.newBuilder()
        .addResourceMetrics(
            ResourceMetrics.newBuilder()
                .setResource(
                    Resource.newBuilder().addAttributes(SpanPayloads.text("service.name", service)))
                .setSchemaUrl("https://opentelemetry.io/schemas/1.30.0")
                .addScopeMetrics(
                    ScopeMetrics.newBuilder()
                        .setScope(InstrumentationScope.newBuilder().setName("meter"))
                        .addAllMetrics(metrics)))
        .build();
  }
}
