/// Pulls the streams of every reachable agent: rows after the checkpoint, in batches, until there
/// are no more, old epochs first. Event loop; rows are stored by the history's worker thread. Start
/// at
/// [io.coral.colony.poll.PollVerticle].
@NullMarked
package io.coral.colony.poll;

import org.jspecify.annotations.NullMarked;
