/// What is said inside one process: typed topics over the Vert.x event bus.
///
/// A message is an immutable batch and travels by reference. [io.coral.bus.Topics] lists every
/// topic, who publishes and who listens.
@NullMarked
package io.coral.bus;

import org.jspecify.annotations.NullMarked;
