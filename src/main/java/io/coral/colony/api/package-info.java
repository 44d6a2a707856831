/// The colony's port: MeshService for agents, ColonyService for people, over gRPC, gRPC-Web and
/// Connect, and the plain routes. Event loop; start at [io.coral.colony.api.ColonyApiVerticle].
@NullMarked
package io.coral.colony.api;

import org.jspecify.annotations.NullMarked;
