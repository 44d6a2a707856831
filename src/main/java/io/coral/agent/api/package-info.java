/// The agent's port: AgentService over gRPC, gRPC-Web and Connect, `/status`, `/metrics`,
/// `/duckdb/`. Event loop; start at [io.coral.agent.api.AgentApiVerticle].
@NullMarked
package io.coral.agent.api;

import org.jspecify.annotations.NullMarked;
