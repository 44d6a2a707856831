package io.coral.agent.ingest;

import io.coral.otlp.Signal;
import io.vertx.core.Future;

/// What takes the payloads of all signals.
@FunctionalInterface
public interface PayloadSink {
  /// Takes one `Export…ServiceRequest` in protobuf. Called on the receiver's event loop, so it
  /// hands long work on. The client is answered when the future completes, on any thread; until
  /// then the bytes count as in flight. They belong to the sink from now on.
  ///
  /// Fails with [io.coral.otlp.MalformedPayloadException] (do not send again),
  /// [io.coral.otlp.PayloadTooLargeException] (nor this), [OverloadedException] (send again
  /// later), [UnsupportedOperationException] (not taken in at all), or anything else: not
  /// stored now, send again.
  Future<Accepted> accept(Signal signal, byte[] protobuf, int from, int to);
}
