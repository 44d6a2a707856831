/// The agents that a colony knows, over restarts. [io.coral.colony.registry.Registry] belongs to
/// the event loop of the colony's verticles; what it remembers is written by the history's worker
/// thread.
@NullMarked
package io.coral.colony.registry;

import org.jspecify.annotations.NullMarked;
