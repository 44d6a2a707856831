package io.coral.agent.api;

import io.coral.model.CollectorState;
import io.coral.rpc.mesh.v1.EbpfCapabilities;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/// What the API says of the agent besides its data.
///
/// @param capabilities of the kernel side; safe on any thread
/// @param collectors what collects here and how it fares; safe on any thread
/// @param colony one sentence on the registration; safe on any thread
public record AgentFacts(
    String agentId,
    String displayName,
    String version,
    long startedUnixNanos,
    Path dataDirectory,
    Supplier<EbpfCapabilities> capabilities,
    Supplier<List<CollectorState>> collectors,
    Supplier<String> colony) {}
