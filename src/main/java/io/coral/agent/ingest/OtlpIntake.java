package io.coral.agent.ingest;

import io.coral.otlp.Signal;
import io.vertx.core.Future;

/// Takes the payloads of applications, each signal in its way.
public final class OtlpIntake implements PayloadSink {
  private final SpanIntake spans;

  public OtlpIntake(SpanIntake spans) {
    this.spans = spans;
  }

  @Override
  public Future<Accepted> accept(Signal signal, byte[] protobuf, int from, int to) {
    return switch (signal) {
      case TRACES -> spans.accept(protobuf, from, to);
      case METRICS, LOGS ->
          Future.failedFuture(
              new UnsupportedOperationException(
                  signal.label() + " are not supported yet by this version of Coral"));
    };
  }
}
