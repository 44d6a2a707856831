/// Announces the agent to its colony: Register until accepted, then a heartbeat; again whenever the
/// colony has forgotten it. Event loop; see [io.coral.agent.registration.RegistrationVerticle].
@NullMarked
package io.coral.agent.registration;

import org.jspecify.annotations.NullMarked;
