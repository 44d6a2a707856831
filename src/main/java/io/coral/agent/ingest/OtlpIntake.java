package io.coral.agent.ingest;

import io.coral.otlp.Signal;
import io.vertx.core.Future;

/// Takes the payloads of applications, each signal in its way.
public final class OtlpIntake implements PayloadSink {
  private final SpanIntake spans;
  private final RowIntake metrics;
  private final RowIntake logs;

  public OtlpIntake(SpanIntake spans, RowIntake metrics, RowIntake logs) {
    this.spans = spans;
    this.metrics = metrics;
    this.logs = logs;
  }

  @Override
  public Future<Accepted> accept(Signal signal, byte[] protobuf, int from, int to) {
    return switch (signal) {
      case TRACES -> spans.accept(protobuf, from, to);
      case METRICS -> metrics.accept(protobuf, from, to);
      case LOGS -> logs.accept(protobuf, from, to);
    };
  }
}
