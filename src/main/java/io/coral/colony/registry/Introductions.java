package io.coral.colony.registry;

import io.coral.rpc.RpcClient;
import io.coral.rpc.agent.v1.AgentStatus;
import io.coral.rpc.mesh.v1.GetStatusRequest;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/// Registers agents, unless another agent of the same id answers elsewhere: two that run on copies
/// of the same data would number different rows alike. Event loop.
public final class Introductions {
  private static final Duration SAME_AGENT_DEADLINE = Duration.ofSeconds(2);

  private final RpcClient client;
  private final Registry registry;
  private final Consumer<String> registered;
  private final LongAdder refused;

  /// @param client to the agents
  /// @param registered told the id of each agent that was registered
  public Introductions(
      RpcClient client, Registry registry, Consumer<String> registered, Figures figures) {
    this.client = client;
    this.registry = registry;
    this.registered = registered;
    this.refused = figures.counter("coral_registrations_refused_total");
  }

  /// What an agent says of itself. Fails when none answers in time.
  ///
  /// @param endpoint `host:port` of its API
  Future<AgentStatus> ask(String endpoint, Duration deadline) {
    return client.unary(
        endpoint,
        "coral.agent.v1.AgentService/GetStatus",
        GetStatusRequest.getDefaultInstance(),
        AgentStatus.getDefaultInstance(),
        deadline);
  }

  /// Registers an agent.
  ///
  /// @return where another of its id answers, which is why it was refused; empty when it was not
  public Future<String> register(RegisterRequest introduction) {
    return elsewhere(introduction)
        .onSuccess(
            endpoint -> {
              if (endpoint.isEmpty()) {
                registry.register(introduction);
                registered.accept(introduction.getAgentId());
              } else {
                refused.increment();
              }
            });
  }

  private Future<String> elsewhere(RegisterRequest introduction) {
    String known = registry.endpoint(introduction.getAgentId());
    if (known.isEmpty() || known.equals(introduction.getApiEndpoint())) {
      return Future.succeededFuture("");
    }
    return ask(known, SAME_AGENT_DEADLINE)
        .map(status -> status.getAgentId().equals(introduction.getAgentId()) ? known : "")
        .otherwise("");
  }
}
