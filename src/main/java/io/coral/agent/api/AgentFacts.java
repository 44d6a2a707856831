package io.coral.agent.api;

import io.coral.rpc.mesh.v1.EbpfCapabilities;
import java.nio.file.Path;
import java.util.function.Supplier;

/// What the API says of the agent besides its data.
///
/// @param capabilities of the kernel side; safe on any thread
/// @param collector state and reason of capturing, `state` first; safe on any thread
/// @param colony one sentence on the registration; safe on any thread
public record AgentFacts(
    String agentId,
    String displayName,
    String version,
    long startedUnixNanos,
    Path dataDirectory,
    Supplier<EbpfCapabilities> capabilities,
    Supplier<String[]> collector,
    Supplier<String> colony) {}
