/// Runs a Beyla or OBI beside the agent, where Coral's own capture cannot or shall not observe.
///
/// [io.coral.agent.beyla.EngineChoice] says who observes, never both.
/// [io.coral.agent.beyla.BeylaSupervisorVerticle] writes the child's configuration, starts it,
/// starts it again and ends it. In: the rules and what discovery found. Out: the child's OTLP,
/// which comes back through a receiver on loopback. One platform thread owns the child, so that
/// the kernel ends it with the agent; start at the verticle.
@NullMarked
package io.coral.agent.beyla;

import org.jspecify.annotations.NullMarked;
