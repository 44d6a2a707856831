/// The nodes of one colony: who is there, which of them pulls which agent, and what each of them
/// tells the others.
///
/// Correctness rests on none of it. Every node notes for itself which numbers it has
/// ([io.coral.storage.ColonyStore]); a wrong membership costs a second pull or a later one, never a
/// row.
@NullMarked
package io.coral.colony.cluster;

import org.jspecify.annotations.NullMarked;
