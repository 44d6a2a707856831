/// Chooses the processes to observe and names their services.
///
/// In: rules of the configuration and of `coral connect`, `/proc`, and what capture tells of forks,
/// execs and exits. Out: [io.coral.model.TargetChange]. [io.coral.agent.discovery.ProcessTable] is
/// what the others ask; scanning is done on a worker thread.
@NullMarked
package io.coral.agent.discovery;

import org.jspecify.annotations.NullMarked;
