package io.coral.otlp;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogram;
import io.opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Histogram;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.ResourceMetrics;
import io.opentelemetry.proto.metrics.v1.ScopeMetrics;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Payloads in the shapes of Beyla: seconds, its bounds, its resource and scope.
public final class BeylaPayloads {
  public static final List<Double> BOUNDS =
      List.of(0.0, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0);

  private BeylaPayloads() {}

  /// A point of an explicit histogram over durations in seconds.
  public static HistogramDataPoint point(
      Map<String, ?> attributes, long startNanos, long timeNanos, double... seconds) {
    long[] counts = new long[BOUNDS.size() + 1];
    for (double each : seconds) {
      int bucket = 0;
      while (bucket < BOUNDS.size() && each > BOUNDS.get(bucket)) {
        bucket++;
      }
      counts[bucket]++;
    }
    return HistogramDataPoint.newBuilder()
        .addAllAttributes(attributes(attributes))
        .setStartTimeUnixNano(startNanos)
        .setTimeUnixNano(timeNanos)
        .setCount(seconds.length)
        .setSum(Arrays.stream(seconds).sum())
        .setMin(Arrays.stream(seconds).min().orElse(0))
        .setMax(Arrays.stream(seconds).max().orElse(0))
        .addAllExplicitBounds(BOUNDS)
        .addAllBucketCounts(Arrays.stream(counts).boxed().toList())
        .build();
  }

  /// A point of an exponential histogram over durations in seconds.
  public static ExponentialHistogramDataPoint exponentialPoint(
      Map<String, ?> attributes, int scale, long startNanos, long timeNanos, double... seconds) {
    TreeMap<Integer, Long> counts = new TreeMap<>();
    for (double each : seconds) {
      double index = Math.log(each) / Math.log(2) * Math.scalb(1.0, scale);
      counts.merge((int) Math.ceil(index) - 1, 1L, Long::sum);
    }
    ExponentialHistogramDataPoint.Buckets.Builder buckets =
        ExponentialHistogramDataPoint.Buckets.newBuilder().setOffset(counts.firstKey());
    for (int i = counts.firstKey(); i <= counts.lastKey(); i++) {
      buckets.addBucketCounts(counts.getOrDefault(i, 0L));
    }
    return ExponentialHistogramDataPoint.newBuilder()
        .addAllAttributes(attributes(attributes))
        .setStartTimeUnixNano(startNanos)
        .setTimeUnixNano(timeNanos)
        .setCount(seconds.length)
        .setSum(Arrays.stream(seconds).sum())
        .setScale(scale)
        .setPositive(buckets)
        .build();
  }

  /// A metric of cumulative explicit histograms.
  public static Metric cumulative(String name, HistogramDataPoint... points) {
    return metric(name, AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE, points);
  }

  public static Metric metric(
      String name, AggregationTemporality temporality, HistogramDataPoint... points) {
    return Metric.newBuilder()
        .setName(name)
        .setUnit("s")
        .setHistogram(
            Histogram.newBuilder()
                .setAggregationTemporality(temporality)
                .addAllDataPoints(List.of(points)))
        .build();
  }

  public static Metric exponential(String name, ExponentialHistogramDataPoint... points) {
    return Metric.newBuilder()
        .setName(name)
        .setUnit("s")
        .setExponentialHistogram(
            ExponentialHistogram.newBuilder()
                .setAggregationTemporality(
                    AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE)
                .addAllDataPoints(List.of(points)))
        .build();
  }

  public static ExportMetricsServiceRequest request(String service, Metric... metrics) {
    return request(resource(service, "beyla"), scope("github.com/grafana/beyla"), metrics);
  }

  public static ExportMetricsServiceRequest request(
      Resource resource, InstrumentationScope scope, Metric... metrics) {
    return ExportMetricsServiceRequest.newBuilder()
        .addResourceMetrics(
            ResourceMetrics.newBuilder()
                .setResource(resource)
                .addScopeMetrics(
                    ScopeMetrics.newBuilder().setScope(scope).addAllMetrics(List.of(metrics))))
        .build();
  }

  public static ExportTraceServiceRequest spans(String service, Span... spans) {
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            ResourceSpans.newBuilder()
                .setResource(resource(service, "beyla"))
                .addScopeSpans(
                    ScopeSpans.newBuilder()
                        .setScope(scope("github.com/grafana/beyla"))
                        .addAllSpans(List.of(spans))))
        .build();
  }

  /// A span of a request that was served.
  public static Span serverSpan(
      long id, long startNanos, long endNanos, Map<String, ?> attributes) {
    return Span.newBuilder()
        .setTraceId(ByteString.fromHex("%032x".formatted(id)))
        .setSpanId(ByteString.fromHex("%016x".formatted(id)))
        .setName(attributes.get("http.request.method") + " " + attributes.get("http.route"))
        .setKind(Span.SpanKind.SPAN_KIND_SERVER)
        .setStartTimeUnixNano(startNanos)
        .setEndTimeUnixNano(endNanos)
        .addAllAttributes(attributes(attributes))
        .build();
  }

  public static Resource resource(String service, String sdk) {
    return Resource.newBuilder()
        .addAllAttributes(
            attributes(
                Map.of(
                    "service.name",
                    service,
                    "service.instance.id",
                    "host-1:" + service,
                    "telemetry.sdk.language",
                    "java",
                    "telemetry.sdk.name",
                    sdk,
                    "telemetry.sdk.version",
                    "v2.7.8",
                    "host.name",
                    "host-1",
                    "os.type",
                    "linux")))
        .build();
  }

  public static InstrumentationScope scope(String name) {
    return InstrumentationScope.newBuilder().setName(name).build();
  }

  private static List<KeyValue> attributes(Map<String, ?> attributes) {
    return attributes.entrySet().stream()
        .map(
            each ->
                each.getValue() instanceof Number number
                    ? SpanPayloads.number(each.getKey(), number.longValue())
                    : SpanPayloads.text(each.getKey(), each.getValue().toString()))
        .toList();
  }
}
