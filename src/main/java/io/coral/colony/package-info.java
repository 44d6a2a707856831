/// The colony: pulls from the agents, keeps the history, answers.
///
/// [io.coral.colony.ColonyVerticle] is the wiring: registry knows the agents, poll pulls their
/// streams, retention deletes days, api answers.
@NullMarked
package io.coral.colony;

import org.jspecify.annotations.NullMarked;
