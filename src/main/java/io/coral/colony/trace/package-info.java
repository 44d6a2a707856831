/// Joins the traces of different hosts: a hop whose ends were seen by two agents. Start at
/// [io.coral.colony.trace.HostJoiner].
@NullMarked
package io.coral.colony.trace;

import org.jspecify.annotations.NullMarked;
