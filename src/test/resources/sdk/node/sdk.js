// Sends traces, metrics and logs with the OpenTelemetry SDK of Node. The exporters read where to and how
// from OTEL_EXPORTER_OTLP_ENDPOINT, _COMPRESSION and _METRICS_TEMPORALITY_PREFERENCE themselves; the SDK
// has a package for each OTEL_EXPORTER_OTLP_PROTOCOL.
'use strict';
const { ROOT_CONTEXT, SpanKind, SpanStatusCode, ValueType, createTraceState, trace } = require('@opentelemetry/api');
const { defaultResource, detectResources, envDetector, resourceFromAttributes } = require('@opentelemetry/resources');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { AggregationType, MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BatchLogRecordProcessor, LoggerProvider } = require('@opentelemetry/sdk-logs');

const by = { grpc: 'grpc', 'http/protobuf': 'proto', 'http/json': 'http' }[process.env.OTEL_EXPORTER_OTLP_PROTOCOL];
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-' + by);
const { OTLPMetricExporter } = require('@opentelemetry/exporter-metrics-otlp-' + by);
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-' + by);

const SCHEMA = 'https://opentelemetry.io/schemas/1.30.0';
const EVERY_TYPE = {
  text: 'Zahlung über 💶 "quoted"\n\t\\',
  empty: '',
  digits: '17',
  yes: true,
  no: false,
  zero: 0,
  most: Number.MAX_SAFE_INTEGER,
  least: Number.MIN_SAFE_INTEGER,
  half: 0.5,
  tiny: 1.5e-300,
  huge: 1e300,
  NaN: NaN,
  infinite: -Infinity,
  texts: ['a', '', 'ü'],
  booleans: [true, false],
  integers: [0, Number.MAX_SAFE_INTEGER, -1],
  doubles: [1.5, 0.1, Infinity],
  nothing: [],
};
// What only log records may have.
const NESTED = {
  ...EVERY_TYPE,
  bytes: Uint8Array.of(0, 1, 127, 128, 255),
  mixed: ['a', 2, []],
  map: { inner: 'value', deeper: { yes: true } },
};

function sendSpans(provider) {
  const tracer = provider.getTracer('tracer', '1.2.3', { schemaUrl: SCHEMA });
  const other = tracer.startSpan('another trace', { kind: SpanKind.CONSUMER, root: true });
  other.setStatus({ code: SpanStatusCode.OK }).end();
  const remote = { ...other.spanContext(), isRemote: true, traceState: createTraceState('vendor=a,other=b') };

  const server = tracer.startSpan(
    'GET /orders/{id}',
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/orders/{id}',
        'http.response.status_code': 503,
        'url.path': '/orders/1',
      },
    },
    trace.setSpanContext(ROOT_CONTEXT, remote),
  );
  const served = trace.setSpan(ROOT_CONTEXT, server);
  const client = tracer.startSpan(
    'call',
    { kind: SpanKind.CLIENT, attributes: { 'http.request.method': 'POST', 'http.response.status_code': 200 } },
    served,
  );
  const called = trace.setSpan(ROOT_CONTEXT, client);
  const internal = tracer.startSpan('Zahlung über 💶', { attributes: EVERY_TYPE }, called);
  internal.addEvent('nothing more');
  internal.addEvent('retried', EVERY_TYPE, [1_790_000_000, 123_456_789]);
  internal.end();
  client.end();
  const links = [{ context: remote, attributes: EVERY_TYPE }, { context: client.spanContext() }];
  tracer.startSpan('publish', { kind: SpanKind.PRODUCER, links }, served).end();
  const failed = tracer.startSpan('failed', {}, served);
  failed.recordException(new Error('card declined'));
  failed.setStatus({ code: SpanStatusCode.ERROR, message: 'card "declined"' }).end();
  provider.getTracer('').startSpan('bare', {}, served).end();
  const long = tracer.startSpan('long', { startTime: [1_790_000_000, 1] }, served);
  long.end([1_790_090_000, 2]);
  server.end();
  return served;
}

function instruments(meter) {
  const integers = meter.createCounter('integers', { unit: '{order}', description: 'Orders über "all"', valueType: ValueType.INT });
  const doubles = meter.createCounter('doubles', { unit: 's' });
  const upDown = meter.createUpDownCounter('up.down');
  const gauge = meter.createGauge('gauge');
  const histogram = meter.createHistogram('histogram', { unit: 'ms' });
  const bounded = meter.createHistogram('bounded', { advice: { explicitBucketBoundaries: [0, 10, 1000] } });
  const exponential = meter.createHistogram('exponential');
  meter.createObservableCounter('observed').addCallback((to) => {
    to.observe(Number.MAX_SAFE_INTEGER, { way: 'in' });
    to.observe(0, { way: 'out' });
  });
  meter.createObservableGauge('observed.gauge').addCallback((to) => to.observe(-0.25));
  return (context) => {
    integers.add(2 ** 31 - 1, EVERY_TYPE, context);
    integers.add(2 ** 52, { kind: 'large' }, context);
    integers.add(1, {}, context);
    doubles.add(0.1, {}, context);
    upDown.add(-7, {}, context);
    gauge.record(Infinity, {}, context);
    gauge.record(NaN, { kind: 'odd' }, context);
    for (const value of [0, 0.5, 7, 1e6]) {
      histogram.record(value, { first: value === 0 }, context);
      exponential.record(value, {}, context);
    }
    bounded.record(10, {}, context);
    bounded.record(5000, {}, context);
  };
}

function sendLogs(context, provider) {
  const logger = provider.getLogger('logger', '1.2.3', { schemaUrl: SCHEMA });
  const bodies = [
    'card declined "twice"\nüber 💶',
    '',
    Number.MIN_SAFE_INTEGER,
    false,
    Uint8Array.of(0, 255),
    NESTED,
    [2.5, {}],
    undefined,
  ];
  const all = Object.entries(NESTED);
  bodies.forEach((body, i) =>
    logger.emit({
      context,
      severityNumber: 1 + 3 * i,
      severityText: ['', 'WARN', 'Fehler ü'][i % 3],
      body,
      attributes: Object.fromEntries(all.slice(0, Math.floor((i * all.length) / (bodies.length - 1)))),
    }),
  );
  provider.getLogger('').emit({ context: ROOT_CONTEXT, eventName: 'payment.declined' });
}

async function main() {
  // service.name comes from OTEL_SERVICE_NAME.
  const resource = defaultResource()
    .merge(resourceFromAttributes(EVERY_TYPE))
    .merge(detectResources({ detectors: [envDetector] }));
  const tracers = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
  const meters = new MeterProvider({
    resource,
    readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
    views: [{ instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })],
  });

  const served = sendSpans(tracers);
  const record = instruments(meters.getMeter('meter', '1.2.3', { schemaUrl: SCHEMA }));
  for (let i = 0; i < 2; i++) {
    record(served);
    await meters.forceFlush();
  }
  sendLogs(served, loggers);
  for (const provider of [tracers, meters, loggers]) {
    await provider.shutdown();
  }
}

main();
