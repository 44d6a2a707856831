/// Reads what the kernel saw.
///
/// In: [io.coral.model.TargetChange] from discovery. Out: [io.coral.model.CapturedBatch]. One
/// platform thread of its own owns the kernel session and drains the ring buffer; start at
/// [io.coral.agent.capture.CaptureVerticle].
@NullMarked
package io.coral.agent.capture;

import org.jspecify.annotations.NullMarked;
