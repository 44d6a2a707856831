/// Counts exchanges into RED windows and names them for the traces; counts what spans and Beyla
/// tell of requests.
///
/// In: [io.coral.model.ExchangeBatch], [io.coral.model.SpanRequests],
/// [io.coral.model.ObservedRequests]. Out: [io.coral.model.ColumnBatch]es of the streams of
/// [io.coral.model.RequestKind], and [io.coral.model.RoutedBatch]es. Event loop; the thinking is in
/// [io.coral.agent.aggregate.RedWindows] and [io.coral.agent.aggregate.RouteTable].
@NullMarked
package io.coral.agent.aggregate;

import org.jspecify.annotations.NullMarked;
