package io.coral.colony.registry;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.ServiceInfo;
import io.coral.storage.ColonyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every agent that ever registered, and how it fares. Safe on any thread.
public final class Registry {
  private static final Logger LOG = LoggerFactory.getLogger(Registry.class);
  private static final long HEALTHY_NANOS = Duration.ofSeconds(30).toNanos();
  private static final long DEGRADED_NANOS = Duration.ofMinutes(2).toNanos();

  private final Map<String, Agent> agents = new ConcurrentHashMap<>();
  private final Clock clock;
  private final Consumer<ColonyStore.KnownAgent> memory;

  /// How an agent fares: heard of within 30 s, within 2 min, or not.
  public enum Health {
    HEALTHY,
    DEGRADED,
    UNHEALTHY;

    /// Lower case, as in the API.
    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /// One agent.
  ///
  /// @param introduction its last registration
  /// @param services as of its last heartbeat
  /// @param lastSeenUnixNanos registration, heartbeat or answered poll
  /// @param lastPollUnixNanos last poll that drained every stream, 0 = none
  /// @param lastError of the last poll, empty when it succeeded
  public record Agent(
      RegisterRequest introduction,
      List<ServiceInfo> services,
      long lastSeenUnixNanos,
      long lastPollUnixNanos,
      String lastError) {
    public String id() {
      return introduction.getAgentId();
    }

    public String endpoint() {
      return introduction.getApiEndpoint();
    }

    Agent seen(long now) {
      return new Agent(introduction, services, now, lastPollUnixNanos, lastError);
    }
  }

  /// @param memory where agents are remembered; must not block
  public Registry(
      Clock clock, List<ColonyStore.KnownAgent> known, Consumer<ColonyStore.KnownAgent> memory) {
    this.clock = clock;
    this.memory = memory;
    for (ColonyStore.KnownAgent agent : known) {
      try {
        RegisterRequest.Builder introduction = RegisterRequest.newBuilder();
        JsonFormat.parser().ignoringUnknownFields().merge(agent.document(), introduction);
        agents.put(
            agent.agentId(),
            new Agent(
                introduction.build(), List.of(), agent.lastSeenUnixNanos(), 0, "not polled yet"));
      } catch (InvalidProtocolBufferException e) {
        LOG.warn("agent {} cannot be remembered: {}", agent.agentId(), e.getMessage());
      }
    }
  }

  /// Takes an agent in, or its new description.
  public void register(RegisterRequest introduction) {
    long now = nowNanos();
    agents.compute(
        introduction.getAgentId(),
        (_, before) ->
            new Agent(
                introduction,
                introduction.getServicesList(),
                now,
                before == null ? 0 : before.lastPollUnixNanos,
                before == null ? "not polled yet" : before.lastError));
    try {
      memory.accept(
          new ColonyStore.KnownAgent(
              introduction.getAgentId(),
              JsonFormat.printer()
                  .omittingInsignificantWhitespace()
                  .print(introduction.toBuilder().clearServices().build()),
              now));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a registration cannot be printed", e);
    }
  }

  /// @return false when the agent is unknown
  public boolean heartbeat(String agentId, List<ServiceInfo> services) {
    return agents.computeIfPresent(
            agentId,
            (_, agent) ->
                new Agent(
                    agent.introduction,
                    List.copyOf(services),
                    nowNanos(),
                    agent.lastPollUnixNanos,
                    agent.lastError))
        != null;
  }

  /// A poll drained every stream of the agent.
  public void polled(String agentId) {
    long now = nowNanos();
    agents.computeIfPresent(
        agentId, (_, agent) -> new Agent(agent.introduction, agent.services, now, now, ""));
  }

  /// A poll failed.
  ///
  /// @return whether the last one before it did not
  public boolean pollFailed(String agentId, String reason) {
    Agent before = agents.get(agentId);
    agents.computeIfPresent(
        agentId,
        (_, agent) ->
            new Agent(
                agent.introduction,
                agent.services,
                agent.lastSeenUnixNanos,
                agent.lastPollUnixNanos,
                reason));
    return before != null && before.lastError.isEmpty();
  }

  /// Whether the last poll of an agent failed, or there was none.
  public boolean pollsFail(String agentId) {
    Agent agent = agents.get(agentId);
    return agent != null && !agent.lastError.isEmpty();
  }

  /// Every agent by id.
  public Collection<Agent> agents() {
    List<Agent> all = new ArrayList<>(agents.values());
    all.sort((a, b) -> a.id().compareTo(b.id()));
    return all;
  }

  /// Agents that are worth asking.
  public List<Agent> reachable() {
    return agents().stream().filter(agent -> health(agent) != Health.UNHEALTHY).toList();
  }

  public Health health(Agent agent) {
    long silence = nowNanos() - agent.lastSeenUnixNanos();
    return silence < HEALTHY_NANOS
        ? Health.HEALTHY
        : silence < DEGRADED_NANOS ? Health.DEGRADED : Health.UNHEALTHY;
  }

  private long nowNanos() {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
