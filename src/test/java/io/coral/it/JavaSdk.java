package io.coral.it;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.KeyValue;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.Logger;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.metrics.DoubleGauge;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.LongGauge;
import io.opentelemetry.api.metrics.LongHistogram;
import io.opentelemetry.api.metrics.LongUpDownCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Sends traces, metrics and logs with the OpenTelemetry SDK of Java, which reads where to and how
/// from OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL, _COMPRESSION and
/// _METRICS_TEMPORALITY_PREFERENCE.
final class JavaSdk {
  private static final String SCHEMA = "https://opentelemetry.io/schemas/1.30.0";
  private static final String VERSION = "1.2.3";
  private static final Attributes EVERY_TYPE =
      Attributes.builder()
          .put("text", "Zahlung \u00fcber \ud83d\udcb6 \"quoted\"\n\t\\")
          .put("empty", "")
          .put("digits", "17")
          .put("yes", true)
          .put("no", false)
          .put("zero", 0)
          .put("most", Long.MAX_VALUE)
          .put("least", Long.MIN_VALUE)
          .put("half", 0.5)
          .put("whole", 1.0)
          .put("tiny", 1.5e-300)
          .put("NaN", Double.NaN)
          .put("infinite", Double.NEGATIVE_INFINITY)
          .put("texts", "a", "", "\u00fc")
          .put("booleans", true, false)
          .put("integers", 0, Long.MAX_VALUE, Long.MIN_VALUE)
          .put("doubles", 1, 0.1, Double.POSITIVE_INFINITY)
          .put("nothing", new String[0])
          .put("bytes", Value.of(new byte[] {0, 1, 127, -128, -1}))
          .put("mixed", Value.of(Value.of("a"), Value.of(2), Value.of(List.of())))
          .put(
              "map",
              Value.of(
                  KeyValue.of("inner", Value.of("value")),
                  KeyValue.of("deeper", Value.of(KeyValue.of("yes", Value.of(true))))))
          .put("none", Value.empty())
          .build();

  private JavaSdk() {}

  public static void main(String[] arguments) {
    OpenTelemetrySdk sdk =
        AutoConfiguredOpenTelemetrySdk.builder()
            .addResourceCustomizer((given, _) -> given.merge(Resource.create(EVERY_TYPE)))
            .addMeterProviderCustomizer(
                (meters, _) ->
                    meters.registerView(
                        InstrumentSelector.builder().setName("exponential").build(),
                        View.builder()
                            .setAggregation(Aggregation.base2ExponentialBucketHistogram())
                            .build()))
            .build()
            .getOpenTelemetrySdk();
    Context served = sendSpans(sdk);
    Instruments instruments = new Instruments(meter(sdk));
    for (int i = 0; i < 2; i++) {
      instruments.record(served);
      sdk.getSdkMeterProvider().forceFlush().join(10, TimeUnit.SECONDS);
    }
    sendLogs(sdk, served);
    sdk.close();
  }

  /// The context of a span that was sent.
  private static Context sendSpans(OpenTelemetry sdk) {
    Tracer tracer =
        sdk.getTracerProvider()
            .tracerBuilder("tracer")
            .setInstrumentationVersion(VERSION)
            .setSchemaUrl(SCHEMA)
            .build();
    Span other =
        tracer
            .spanBuilder("another trace")
            .setSpanKind(SpanKind.CONSUMER)
            .setNoParent()
            .startSpan()
            .setStatus(StatusCode.OK);
    other.end();
    SpanContext remote =
        SpanContext.createFromRemoteParent(
            other.getSpanContext().getTraceId(),
            other.getSpanContext().getSpanId(),
            other.getSpanContext().getTraceFlags(),
            TraceState.builder().put("other", "b").put("vendor", "a").build());
    Span server =
        tracer
            .spanBuilder("GET /orders/{id}")
            .setSpanKind(SpanKind.SERVER)
            .setParent(Context.root().with(Span.wrap(remote)))
            .setAttribute("http.request.method", "GET")
            .setAttribute("http.route", "/orders/{id}")
            .setAttribute("http.response.status_code", 503)
            .setAttribute("url.path", "/orders/1")
            .startSpan();
    Context served = Context.root().with(server);
    Span client =
        tracer
            .spanBuilder("call")
            .setSpanKind(SpanKind.CLIENT)
            .setParent(served)
            .setAttribute("http.request.method", "POST")
            .setAttribute("http.response.status_code", 200)
            .startSpan();
    Span internal =
        tracer
            .spanBuilder("Zahlung \u00fcber \ud83d\udcb6")
            .setParent(served.with(client))
            .setAllAttributes(EVERY_TYPE)
            .startSpan();
    internal.addEvent("nothing more");
    internal.addEvent("retried", EVERY_TYPE, Instant.ofEpochSecond(1_790_000_000, 123_456_789));
    internal.end();
    client.end();
    tracer
        .spanBuilder("publish")
        .setSpanKind(SpanKind.PRODUCER)
        .setParent(served)
        .addLink(remote, EVERY_TYPE)
        .addLink(client.getSpanContext())
        .startSpan()
        .end();
    Span failed = tracer.spanBuilder("failed").setParent(served).startSpan();
    failed.recordException(new IllegalStateException("card declined"));
    failed.setStatus(StatusCode.ERROR, "card \"declined\"").end();
    sdk.getTracer("").spanBuilder("bare").setParent(served).startSpan().end();
    Instant start = Instant.ofEpochSecond(1_790_000_000, 1);
    tracer
        .spanBuilder("long")
        .setParent(served)
        .setStartTimestamp(start)
        .startSpan()
        .end(start.plusSeconds(90_000).plusNanos(1));
    server.end();
    return served;
  }

  private static Meter meter(OpenTelemetry sdk) {
    return sdk.getMeterProvider()
        .meterBuilder("meter")
        .setInstrumentationVersion(VERSION)
        .setSchemaUrl(SCHEMA)
        .build();
  }

  private static final class Instruments {
    private final LongCounter integers;
    private final io.opentelemetry.api.metrics.DoubleCounter doubles;
    private final LongUpDownCounter upDown;
    private final DoubleGauge gauge;
    private final LongGauge integerGauge;
    private final DoubleHistogram histogram;
    private final LongHistogram bounded;
    private final DoubleHistogram exponential;

    Instruments(Meter meter) {
      integers =
          meter
              .counterBuilder("integers")
              .setUnit("{order}")
              .setDescription("Orders \u00fcber \"all\"")
              .build();
      doubles = meter.counterBuilder("doubles").setUnit("s").ofDoubles().build();
      upDown = meter.upDownCounterBuilder("up.down").build();
      gauge = meter.gaugeBuilder("gauge").build();
      integerGauge = meter.gaugeBuilder("gauge.integer").ofLongs().build();
      histogram = meter.histogramBuilder("histogram").setUnit("ms").build();
      bounded =
          meter
              .histogramBuilder("bounded")
              .ofLongs()
              .setExplicitBucketBoundariesAdvice(List.of(0L, 10L, 1000L))
              .build();
      exponential = meter.histogramBuilder("exponential").build();
      var unused =
          List.of(
              meter
                  .counterBuilder("observed")
                  .buildWithCallback(
                      to -> {
                        to.record(Long.MAX_VALUE, Attributes.builder().put("way", "in").build());
                        to.record(0, Attributes.builder().put("way", "out").build());
                      }),
              meter.gaugeBuilder("observed.gauge").buildWithCallback(to -> to.record(-0.25)));
    }

    void record(Context context) {
      integers.add(Integer.MAX_VALUE, EVERY_TYPE, context);
      integers.add(1L << 53, Attributes.builder().put("kind", "large").build(), context);
      integers.add(1, Attributes.empty(), context);
      doubles.add(0.1, Attributes.empty(), context);
      upDown.add(-7, Attributes.empty(), context);
      gauge.set(Double.POSITIVE_INFINITY, Attributes.empty(), context);
      gauge.set(Double.NaN, Attributes.builder().put("kind", "odd").build(), context);
      integerGauge.set(Long.MIN_VALUE, Attributes.empty(), context);
      for (double value : new double[] {0, 0.5, 7, 1e6}) {
        histogram.record(value, Attributes.builder().put("first", value == 0).build(), context);
        exponential.record(value, Attributes.empty(), context);
      }
      bounded.record(10, Attributes.empty(), context);
      bounded.record(5000, Attributes.empty(), context);
    }
  }

  private static void sendLogs(OpenTelemetrySdk sdk, Context context) {
    Logger logger =
        sdk.getSdkLoggerProvider()
            .loggerBuilder("logger")
            .setInstrumentationVersion(VERSION)
            .setSchemaUrl(SCHEMA)
            .build();
    List<Value<?>> bodies =
        List.of(
            Value.of("card declined \"twice\"\n\u00fcber \ud83d\udcb6"),
            Value.of(""),
            Value.of(Long.MIN_VALUE),
            Value.of(false),
            Value.of(new byte[] {0, -1}),
            Value.of(
                KeyValue.of("amounts", Value.of(Value.of(2.0), Value.of(Long.MAX_VALUE))),
                KeyValue.of("empty", Value.of(List.of()))),
            Value.of(List.of(Value.of(Double.NaN), Value.empty())),
            Value.empty());
    Severity[] severities = Severity.values();
    for (int i = 0; i < bodies.size(); i++) {
      int number = 1 + 3 * i;
      logger
          .logRecordBuilder()
          .setTimestamp(Instant.now())
          .setContext(context)
          .setSeverity(
              Arrays.stream(severities)
                  .filter(severity -> severity.getSeverityNumber() == number)
                  .findFirst()
                  .orElseThrow())
          .setSeverityText(List.of("", "WARN", "Fehler \u00fc").get(i % 3))
          .setBody(bodies.get(i))
          .setAllAttributes(i % 2 == 0 ? EVERY_TYPE : Attributes.empty())
          .emit();
    }
    sdk.getSdkLoggerProvider()
        .get("")
        .logRecordBuilder()
        .setContext(Context.root())
        .setEventName("payment.declined")
        .emit();
  }
}
