// Sends traces, metrics and logs with the OpenTelemetry SDK of Go. The exporters read where to and how
// from OTEL_EXPORTER_OTLP_ENDPOINT, _COMPRESSION and _METRICS_TEMPORALITY_PREFERENCE themselves; the SDK
// has a package for each OTEL_EXPORTER_OTLP_PROTOCOL.
package main

import (
	"context"
	"errors"
	"math"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const schema = "https://opentelemetry.io/schemas/1.30.0"

var everyType = []attribute.KeyValue{
	attribute.String("text", "Zahlung über 💶 \"quoted\"\n\t\\"),
	attribute.String("empty", ""),
	attribute.String("digits", "17"),
	attribute.Bool("yes", true),
	attribute.Bool("no", false),
	attribute.Int64("zero", 0),
	attribute.Int64("most", math.MaxInt64),
	attribute.Int64("least", math.MinInt64),
	attribute.Float64("half", 0.5),
	attribute.Float64("whole", 1),
	attribute.Float64("tiny", 1.5e-300),
	attribute.Float64("NaN", math.NaN()),
	attribute.Float64("infinite", math.Inf(-1)),
	attribute.StringSlice("texts", []string{"a", "", "ü"}),
	attribute.BoolSlice("booleans", []bool{true, false}),
	attribute.Int64Slice("integers", []int64{0, math.MaxInt64, math.MinInt64}),
	attribute.Float64Slice("doubles", []float64{1, 0.1, math.Inf(1)}),
	attribute.StringSlice("nothing", []string{}),
	attribute.ByteSlice("bytes", []byte{0, 1, 127, 128, 255}),
	attribute.Slice("mixed", attribute.StringValue("a"), attribute.Int64Value(2), attribute.SliceValue()),
	attribute.Map("map", attribute.String("inner", "value"), attribute.Map("deeper", attribute.Bool("yes", true))),
}

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	var spans sdktrace.SpanExporter
	var metrics sdkmetric.Exporter
	var logs sdklog.Exporter
	if os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc" {
		spans = must(otlptracegrpc.New(ctx))
		metrics = must(otlpmetricgrpc.New(ctx))
		logs = must(otlploggrpc.New(ctx))
	} else {
		spans = must(otlptracehttp.New(ctx))
		metrics = must(otlpmetrichttp.New(ctx))
		logs = must(otlploghttp.New(ctx))
	}
	// The default one has service.name from OTEL_SERVICE_NAME.
	described := must(resource.Merge(resource.Default(), resource.NewSchemaless(everyType...)))
	tracers := sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans), sdktrace.WithResource(described))
	meters := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics)),
		sdkmetric.WithResource(described),
		sdkmetric.WithView(sdkmetric.NewView(
			sdkmetric.Instrument{Name: "exponential"},
			sdkmetric.Stream{Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20}},
		)))
	loggers := sdklog.NewLoggerProvider(
		sdklog.WithProcessor(sdklog.NewBatchProcessor(logs)), sdklog.WithResource(described))

	served := sendSpans(ctx, tracers)
	check(tracers.ForceFlush(ctx))
	record := instruments(meters.Meter("meter", metric.WithInstrumentationVersion("1.2.3"),
		metric.WithSchemaURL(schema), metric.WithInstrumentationAttributes(everyType...)))
	for range 2 {
		record(served)
		check(meters.ForceFlush(ctx))
	}
	sendLogs(served, loggers)
	check(tracers.Shutdown(ctx))
	check(meters.Shutdown(ctx))
	check(loggers.Shutdown(ctx))
}

// The context that it returns is the one of a span that was sent.
func sendSpans(ctx context.Context, tracers *sdktrace.TracerProvider) context.Context {
	tracer := tracers.Tracer("tracer", trace.WithInstrumentationVersion("1.2.3"), trace.WithSchemaURL(schema),
		trace.WithInstrumentationAttributes(everyType...))
	_, other := tracer.Start(ctx, "another trace", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithNewRoot())
	other.SetStatus(codes.Ok, "")
	other.End()

	state := must(trace.ParseTraceState("vendor=a,other=b"))
	remote := trace.ContextWithRemoteSpanContext(ctx, other.SpanContext().WithTraceState(state))
	served, server := tracer.Start(remote, "GET /orders/{id}", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", "GET"), attribute.String("http.route", "/orders/{id}"),
			attribute.Int("http.response.status_code", 503), attribute.String("url.path", "/orders/1")))
	called, client := tracer.Start(served, "call", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("http.request.method", "POST"), attribute.Int("http.response.status_code", 200)))
	_, internal := tracer.Start(called, "Zahlung über 💶", trace.WithAttributes(everyType...))
	internal.AddEvent("nothing more")
	internal.AddEvent("retried", trace.WithAttributes(everyType...), trace.WithTimestamp(time.Unix(1_790_000_000, 123_456_789)))
	internal.End()
	client.End()
	_, producer := tracer.Start(served, "publish", trace.WithSpanKind(trace.SpanKindProducer),
		trace.WithLinks(trace.Link{SpanContext: other.SpanContext().WithTraceState(state), Attributes: everyType},
			trace.Link{SpanContext: client.SpanContext()}))
	producer.End()
	_, failed := tracer.Start(served, "failed")
	failed.RecordError(errors.New("card declined"), trace.WithStackTrace(true))
	failed.SetStatus(codes.Error, "card \"declined\"")
	failed.End()
	_, bare := tracers.Tracer("").Start(served, "bare")
	bare.End()
	start := time.Unix(1_790_000_000, 1)
	_, long := tracer.Start(served, "long", trace.WithTimestamp(start))
	long.End(trace.WithTimestamp(start.Add(25*time.Hour + time.Nanosecond)))
	server.End()
	return served
}

func instruments(meter metric.Meter) func(context.Context) {
	integers := must(meter.Int64Counter("integers", metric.WithUnit("{order}"), metric.WithDescription("Orders über \"all\"")))
	doubles := must(meter.Float64Counter("doubles", metric.WithUnit("s")))
	upDown := must(meter.Int64UpDownCounter("up.down"))
	gauge := must(meter.Float64Gauge("gauge"))
	integerGauge := must(meter.Int64Gauge("gauge.integer"))
	histogram := must(meter.Float64Histogram("histogram", metric.WithUnit("ms")))
	bounded := must(meter.Int64Histogram("bounded", metric.WithExplicitBucketBoundaries(0, 10, 1000)))
	exponential := must(meter.Float64Histogram("exponential"))
	must(meter.Int64ObservableCounter("observed", metric.WithInt64Callback(
		func(_ context.Context, to metric.Int64Observer) error {
			to.Observe(math.MaxInt64, metric.WithAttributes(attribute.String("way", "in")))
			to.Observe(0, metric.WithAttributes(attribute.String("way", "out")))
			return nil
		})))
	must(meter.Float64ObservableGauge("observed.gauge", metric.WithFloat64Callback(
		func(_ context.Context, to metric.Float64Observer) error {
			to.Observe(-0.25)
			return nil
		})))
	return func(ctx context.Context) {
		all := metric.WithAttributes(everyType...)
		integers.Add(ctx, math.MaxInt32, all)
		integers.Add(ctx, 1<<53, metric.WithAttributes(attribute.String("kind", "large")))
		integers.Add(ctx, 1)
		doubles.Add(ctx, 0.1)
		upDown.Add(ctx, -7)
		gauge.Record(ctx, math.Inf(1))
		gauge.Record(ctx, math.NaN(), metric.WithAttributes(attribute.String("kind", "odd")))
		integerGauge.Record(ctx, math.MinInt64)
		for _, value := range []float64{0, 0.5, 7, 1e6} {
			histogram.Record(ctx, value, metric.WithAttributes(attribute.Bool("first", value == 0)))
			exponential.Record(ctx, value)
			exponential.Record(ctx, -3*value)
		}
		bounded.Record(ctx, 10)
		bounded.Record(ctx, 5000)
	}
}

func sendLogs(ctx context.Context, loggers *sdklog.LoggerProvider) {
	logger := loggers.Logger("logger", log.WithInstrumentationVersion("1.2.3"), log.WithSchemaURL(schema),
		log.WithInstrumentationAttributes(everyType...))
	bodies := []attribute.Value{
		attribute.StringValue("card declined \"twice\"\nüber 💶"),
		attribute.StringValue(""),
		attribute.Int64Value(math.MinInt64),
		attribute.BoolValue(false),
		attribute.ByteSliceValue([]byte{0, 255}),
		attribute.MapValue(everyType...),
		attribute.SliceValue(attribute.Float64Value(2), attribute.MapValue()),
		{},
	}
	for i, body := range bodies {
		var record log.Record
		record.SetTimestamp(time.Now())
		record.SetSeverity(log.Severity(1 + 3*i))
		record.SetSeverityText([]string{"", "WARN", "Fehler ü"}[i%3])
		record.SetBody(body)
		record.AddAttributes(everyType[:i*len(everyType)/(len(bodies)-1)]...)
		logger.Emit(ctx, record)
	}
	var event log.Record
	event.SetEventName("payment.declined")
	loggers.Logger("").Emit(context.Background(), event)
}
