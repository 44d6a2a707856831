package io.coral.colony.registry;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.coral.rpc.colony.v1.AgentNews;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.ServiceInfo;
import io.coral.storage.ColonyStore;
import io.coral.storage.StreamEpoch;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every agent that ever registered, and how it fares. Safe on any thread.
public final class Registry {
  private static final Logger LOG = LoggerFactory.getLogger(Registry.class);
  private static final long HEALTHY_NANOS = Duration.ofSeconds(30).toNanos();
  private static final long DEGRADED_NANOS = Duration.ofMinutes(2).toNanos();

  private final Map<String, Agent> agents = new ConcurrentHashMap<>();
  private final Clock clock;
  private final LongSupplier nanoTime;
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
  /// @param registered grows with each registration: when that was, Unix nanoseconds by the
  ///     clock of the node that took it, or more
  /// @param seenNanos registration, heartbeat or answered poll, at any node; monotonic
  /// @param drained whether this node ever drained every stream
  /// @param drainedNanos when the last poll began that did, monotonic
  /// @param open the epochs in which it then numbered new rows, and the last number then
  /// @param lastError of the last poll, empty when it succeeded
  public record Agent(
      RegisterRequest introduction,
      long registered,
      List<ServiceInfo> services,
      long seenNanos,
      boolean drained,
      long drainedNanos,
      Map<StreamEpoch, Long> open,
      String lastError) {
    public String id() {
      return introduction.getAgentId();
    }

    public String endpoint() {
      return introduction.getApiEndpoint();
    }

    private Agent introduced(RegisterRequest request, long when) {
      return new Agent(request, when, services, seenNanos, drained, drainedNanos, open, lastError);
    }

    private Agent seen(List<ServiceInfo> itsServices, long now) {
      return new Agent(
          introduction, registered, itsServices, now, drained, drainedNanos, open, lastError);
    }

    private Agent drained(long began, Map<StreamEpoch, Long> openThen) {
      return new Agent(
          introduction, registered, services, seenNanos, true, began, Map.copyOf(openThen), "");
    }

    private Agent failed(String error) {
      return new Agent(
          introduction, registered, services, seenNanos, drained, drainedNanos, open, error);
    }
  }

  /// @param nanoTime monotonic
  /// @param memory where agents are remembered; must not block
  public Registry(
      Clock clock,
      LongSupplier nanoTime,
      List<ColonyStore.KnownAgent> known,
      Consumer<ColonyStore.KnownAgent> memory) {
    this.clock = clock;
    this.nanoTime = nanoTime;
    this.memory = memory;
    for (ColonyStore.KnownAgent agent : known) {
      try {
        RegisterRequest.Builder introduction = RegisterRequest.newBuilder();
        JsonFormat.parser().ignoringUnknownFields().merge(agent.document(), introduction);
        agents.put(
            agent.agentId(),
            introduced(
                introduction.build(),
                agent.lastSeenUnixNanos(),
                nanoTime.getAsLong() - Math.max(0, unixNanos() - agent.lastSeenUnixNanos())));
      } catch (InvalidProtocolBufferException e) {
        LOG.warn("agent {} cannot be remembered: {}", agent.agentId(), e.getMessage());
      }
    }
  }

  /// Takes an agent in, or its new description.
  public void register(RegisterRequest introduction) {
    long now = nanoTime.getAsLong();
    long unixNow = unixNanos();
    agents.compute(
        introduction.getAgentId(),
        (_, before) ->
            (before == null
                    ? introduced(introduction, unixNow, now)
                    : before.introduced(introduction, Math.max(unixNow, before.registered + 1)))
                .seen(introduction.getServicesList(), now));
    remember(introduction, unixNow);
  }

  private static Agent introduced(RegisterRequest introduction, long registered, long seenNanos) {
    return new Agent(
        introduction, registered, List.of(), seenNanos, false, 0, Map.of(), "not polled yet");
  }

  private void remember(RegisterRequest introduction, long now) {
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
            agentId, (_, agent) -> agent.seen(List.copyOf(services), nanoTime.getAsLong()))
        != null;
  }

  /// A poll drained every stream of the agent.
  ///
  /// @param beganNanos when it began, monotonic
  /// @param open the epochs in which the agent then numbered new rows, and the last number then
  public void polled(String agentId, long beganNanos, Map<StreamEpoch, Long> open) {
    long now = nanoTime.getAsLong();
    agents.computeIfPresent(
        agentId, (_, agent) -> agent.seen(agent.services, now).drained(beganNanos, open));
  }

  /// A poll failed.
  ///
  /// @return whether the last one before it did not
  public boolean pollFailed(String agentId, String reason) {
    Agent before = agents.get(agentId);
    agents.computeIfPresent(agentId, (_, agent) -> agent.failed(reason));
    return before != null && before.lastError.isEmpty();
  }

  /// What another node tells of an agent.
  public void learn(AgentNews news) {
    long seen = nanoTime.getAsLong() - Duration.ofMillis(news.getSeenMillisAgo()).toNanos();
    boolean introduces = news.hasIntroduction();
    Agent before = agents.get(news.getAgentId());
    Agent now =
        agents.compute(
            news.getAgentId(),
            (_, known) -> {
              if (known == null && !introduces) {
                return null;
              }
              Agent agent = known;
              if (agent == null) {
                agent = introduced(news.getIntroduction(), news.getRegisteredUnixNanos(), seen);
                agent = agent.seen(news.getServicesList(), seen);
              } else if (introduces && news.getRegisteredUnixNanos() > agent.registered) {
                agent = agent.introduced(news.getIntroduction(), news.getRegisteredUnixNanos());
              }
              return seen - agent.seenNanos > 0 ? agent.seen(news.getServicesList(), seen) : agent;
            });
    if (now != null && (before == null || !before.introduction.equals(now.introduction))) {
      remember(now.introduction, unixNanos(now.seenNanos));
    }
  }

  /// What this node tells the others of an agent.
  public AgentNews.Builder news(Agent agent) {
    return AgentNews.newBuilder()
        .setIntroduction(agent.introduction.toBuilder().clearServices())
        .setRegisteredUnixNanos(agent.registered)
        .addAllServices(agent.services)
        .setSeenMillisAgo((nanoTime.getAsLong() - agent.seenNanos) / 1_000_000);
  }

  /// Whether the last poll of an agent failed, or there was none.
  public boolean pollsFail(String agentId) {
    Agent agent = agents.get(agentId);
    return agent != null && !agent.lastError.isEmpty();
  }

  /// Whether an agent ever registered with the colony.
  public boolean knows(String agentId) {
    return agents.containsKey(agentId);
  }

  /// Where an agent is, `host:port`; empty when it is unknown.
  public String endpoint(String agentId) {
    Agent agent = agents.get(agentId);
    return agent == null ? "" : agent.endpoint();
  }

  /// How an agent calls itself, empty when it is unknown.
  public String displayName(String agentId) {
    Agent agent = agents.get(agentId);
    return agent == null ? "" : agent.introduction.getDisplayName();
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
    long silence = nanoTime.getAsLong() - agent.seenNanos;
    return silence < HEALTHY_NANOS
        ? Health.HEALTHY
        : silence < DEGRADED_NANOS ? Health.DEGRADED : Health.UNHEALTHY;
  }

  /// The Unix time of a monotonic one, by the clock of now.
  public long unixNanos(long monotonicNanos) {
    return unixNanos() - (nanoTime.getAsLong() - monotonicNanos);
  }

  private long unixNanos() {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }
}
