package io.coral.bus;

import io.coral.model.CapturedBatch;
import io.coral.model.ColumnBatch;
import io.coral.model.ExchangeBatch;
import io.coral.model.ObservedRequests;
import io.coral.model.RoutedBatch;
import io.coral.model.SpanRequests;
import io.vertx.core.Vertx;
import java.util.List;

/// Every topic of one agent. (A colony's parts ask each other; nothing there is broadcast.)
///
/// @param captured capture → exchange: what the kernel saw
/// @param exchanges exchange → aggregate: what was asked and answered
/// @param routed aggregate → trace: the same under the names by which it was counted
/// @param spans ingest → aggregate: requests that spans tell of
/// @param observed ingest → aggregate: requests that Beyla counted
/// @param rows aggregate, trace → storage: what is to be kept
public record Topics(
    Topic<CapturedBatch> captured,
    Topic<ExchangeBatch> exchanges,
    Topic<RoutedBatch> routed,
    Topic<SpanRequests> spans,
    Topic<ObservedRequests> observed,
    Topic<ColumnBatch> rows) {
  /// Makes the topics of an agent; once per Vert.x instance.
  public static Topics of(Vertx vertx) {
    return new Topics(
        new Topic<>(vertx, "agent.captured", CapturedBatch.class, 256),
        new Topic<>(vertx, "agent.exchanges", ExchangeBatch.class, 256),
        new Topic<>(vertx, "agent.routed", RoutedBatch.class, 256),
        new Topic<>(vertx, "agent.spans", SpanRequests.class, 256),
        new Topic<>(vertx, "agent.observed", ObservedRequests.class, 256),
        new Topic<>(vertx, "agent.rows", ColumnBatch.class, 256));
  }

  /// All of them, for `/metrics` and the status.
  public List<Topic<?>> all() {
    return List.of(captured, exchanges, routed, spans, observed, rows);
  }
}
