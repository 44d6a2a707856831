/// Counts exchanges into RED windows and names them for the traces.
///
/// In: [io.coral.model.ExchangeBatch]. Out: [io.coral.model.ColumnBatch]es of the stream
/// `http_metrics`, and [io.coral.model.RoutedBatch]es. Event loop; the thinking is in
/// [io.coral.agent.aggregate.RedWindows] and [io.coral.agent.aggregate.RouteTable].
@NullMarked
package io.coral.agent.aggregate;

import org.jspecify.annotations.NullMarked;
