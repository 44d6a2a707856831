/// Makes requests and answers of what the kernel handed over.
///
/// In: [io.coral.model.CapturedBatch]. Out: [io.coral.model.ExchangeBatch]. Event loop; the
/// thinking is in
/// [io.coral.agent.exchange.ExchangeAssembler].
@NullMarked
package io.coral.agent.exchange;

import org.jspecify.annotations.NullMarked;
