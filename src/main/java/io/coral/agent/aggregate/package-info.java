/// Counts exchanges into RED windows and makes spans of them.
///
/// In: [io.coral.model.ExchangeBatch]. Out: [io.coral.model.ColumnBatch]es of the streams
/// `http_metrics` and `traces`. Event loop; the thinking is in
/// [io.coral.agent.aggregate.RedWindows],
/// [io.coral.agent.aggregate.RouteTable] and [io.coral.agent.aggregate.SpanWriter].
@NullMarked
package io.coral.agent.aggregate;

import org.jspecify.annotations.NullMarked;
