package io.coral.agent.ingest;

import io.coral.otlp.ContentDecoder;
import io.coral.otlp.JsonToProtobuf;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.Payload;
import io.coral.otlp.PayloadTooLargeException;
import io.coral.otlp.Signal;
import io.vertx.core.Future;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// What the requests of all ports share: limits, the worker that decodes, and who is still
/// sending. All but [#decode] is for the event loop.
final class Intake {
  /// Most of a message, decoded; of what is received for it as well.
  static final int MAX_MESSAGE_BYTES = ContentDecoder.DEFAULT_MAX_BYTES;

  private final ByteBudget budget;
  private final IngestFigures figures;
  private final WorkerExecutor worker;
  private final ContentDecoder decoder = new ContentDecoder(MAX_MESSAGE_BYTES);
  private final Map<Signal, JsonToProtobuf> conversions = new ConcurrentHashMap<>();
  private final Set<Exchange> sending = new HashSet<>();

  private final long patienceNanos;

  /// @param patience how long a request may take to come that brings no bytes
  Intake(ByteBudget budget, IngestFigures figures, WorkerExecutor worker, Duration patience) {
    this.patienceNanos = patience.toNanos();
    this.budget = budget;
    this.figures = figures;
    this.worker = worker;
  }

  ByteBudget budget() {
    return budget;
  }

  IngestFigures figures() {
    return figures;
  }

  long patienceNanos() {
    return patienceNanos;
  }

  void began(Exchange exchange) {
    sending.add(exchange);
  }

  void ended(Exchange exchange) {
    sending.remove(exchange);
  }

  /// Ends requests that are not completed in time.
  void sweep(long nowNanos) {
    List.copyOf(sending).forEach(each -> each.checkDeadline(nowNanos));
  }

  /// Gives the protobuf of a body: at once if it is that, else from the worker.
  Future<Payload> protobuf(
      Signal signal, ContentDecoder.Coding coding, boolean json, Payload body) {
    if (coding == ContentDecoder.Coding.IDENTITY && !json) {
      return Future.succeededFuture(body);
    }
    return worker.executeBlocking(() -> decode(signal, coding, json, body), false);
  }

  private Payload decode(Signal signal, ContentDecoder.Coding coding, boolean json, Payload body)
      throws MalformedPayloadException, PayloadTooLargeException {
    Payload plain = decoder.decode(coding, body.bytes(), body.from(), body.to());
    return json
        ? conversions
            .computeIfAbsent(signal, each -> JsonToProtobuf.of(each, MAX_MESSAGE_BYTES))
            .convert(plain.bytes(), plain.from(), plain.to())
        : plain;
  }
}
