/// The agent: sees the services of one host and keeps what it saw for an hour.
///
/// [io.coral.agent.AgentVerticle] is the wiring, top to bottom: discovery chooses processes,
/// capture reads the kernel's ring buffer, exchange makes requests and answers of it, aggregate
/// counts them and makes spans, storage keeps both, api answers. Features know each other only
/// through `model` and `bus`.
@NullMarked
package io.coral.agent;

import org.jspecify.annotations.NullMarked;
