/// Joins exchanges into traces: which client reached which server, and which request caused which
/// call. Start at [io.coral.agent.trace.TraceAssembler].
@NullMarked
package io.coral.agent.trace;

import org.jspecify.annotations.NullMarked;
