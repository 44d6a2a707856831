package io.coral.colony.cluster;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.rpc.colony.v1.AgentNews;
import io.coral.rpc.colony.v1.EpochSeqs;
import io.coral.rpc.colony.v1.NodeNews;
import io.coral.rpc.colony.v1.NodeStatus;
import io.coral.storage.KnownSeqs;
import io.coral.storage.StreamEpoch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What every node has, as far as this one was told, itself among them. Safe on any thread.
public final class Nodes {
  /// A node that says nothing for as long is not asked.
  private static final long SILENCE_NANOS = Duration.ofSeconds(4).toNanos();

  private static final long COVER_NANOS = Duration.ofMillis(200).toNanos();

  private final Membership membership;
  private final boolean hasOthers;
  private final int replicas;
  private final Registry registry;
  private final Supplier<Map<String, Map<StreamEpoch, KnownSeqs>>> seqs;
  private final String version;
  private final long incarnation;
  private final LongSupplier nanoTime;
  private final Map<String, NodeView> others = new ConcurrentHashMap<>();
  private volatile String api = "";
  private Cover cover = new Cover(Map.of(), Map.of());
  private long coverNanos;

  /// @param hasOthers whether the colony is meant to have several nodes
  /// @param replicas how many nodes pull each agent
  /// @param seqs what this node knows of the numbers of every agent
  /// @param incarnation random, another after each start
  /// @param nanoTime monotonic
  public Nodes(
      Membership membership,
      boolean hasOthers,
      int replicas,
      Registry registry,
      Supplier<Map<String, Map<StreamEpoch, KnownSeqs>>> seqs,
      String version,
      long incarnation,
      LongSupplier nanoTime) {
    this.membership = membership;
    this.hasOthers = hasOthers;
    this.replicas = replicas;
    this.registry = registry;
    this.seqs = seqs;
    this.version = version;
    this.incarnation = incarnation;
    this.nanoTime = nanoTime;
    this.coverNanos = nanoTime.getAsLong() - COVER_NANOS;
  }

  /// The name of this node.
  public String self() {
    return membership.self();
  }

  /// @param address `host:port` of this node's API
  public void serves(String address) {
    api = address;
  }

  /// Whether this node pulls an agent.
  public boolean owns(String agentId) {
    return owners(agentId).contains(self());
  }

  /// The nodes that pull an agent, first choice first.
  public List<String> owners(String agentId) {
    return Ownership.owners(agentId, membership.members(), replicas);
  }

  /// Whether this node counts the calls of one agent's services to another's: one of those that
  /// pull both does.
  public boolean counts(String callerId, String servedId) {
    List<String> both = new ArrayList<>(owners(callerId));
    both.retainAll(owners(servedId));
    return !both.isEmpty() && both.getFirst().equals(self());
  }

  /// The numbers of an epoch that other nodes have.
  public SeqRanges heldByOthers(String agentId, String stream, long epoch) {
    SeqRanges held = SeqRanges.NONE;
    for (NodeView view : others.values()) {
      KnownSeqs known = view.agent(agentId).seqs().get(new StreamEpoch(stream, epoch));
      if (known != null) {
        held = held.plus(known.held());
      }
    }
    return held;
  }

  /// The nodes that can be asked.
  public Set<String> there() {
    long now = nanoTime.getAsLong();
    Set<String> there = new HashSet<>();
    there.add(self());
    for (NodeView each : others.values()) {
      if (now - each.heardNanos() < SILENCE_NANOS) {
        there.add(each.node());
      }
    }
    return there;
  }

  /// The members that are seen, whether they say anything or not.
  public Set<String> members() {
    return membership.members();
  }

  /// What is not known of other nodes, each a sentence: they may have agents and rows of which this
  /// node has never heard.
  List<String> unknown() {
    List<String> unknown = new ArrayList<>();
    if (hasOthers && others.isEmpty() && members().size() < 2) {
      unknown.add(self() + " has not heard of any other node since its start");
    }
    for (String member : members()) {
      if (!member.equals(self()) && !others.containsKey(member)) {
        unknown.add(member + " has not told yet what it has");
      }
    }
    return unknown;
  }

  /// Every node that was ever heard of, by name.
  public List<NodeView> views() {
    List<NodeView> views = new ArrayList<>(others.values());
    views.add(own());
    views.sort((a, b) -> a.node().compareTo(b.node()));
    return views;
  }

  private NodeView own() {
    // Polls first: what a poll stored before it ended is then among the numbers.
    Collection<Registry.Agent> polled = registry.agents();
    Map<String, Map<StreamEpoch, KnownSeqs>> known = seqs.get();
    Map<String, NodeView.AgentView> agents = new HashMap<>();
    for (Registry.Agent agent : polled) {
      agents.put(
          agent.id(),
          new NodeView.AgentView(
              agent.drained(),
              agent.drainedNanos(),
              agent.lastError(),
              known.getOrDefault(agent.id(), Map.of())));
    }
    known.forEach(
        (agent, of) ->
            agents.putIfAbsent(agent, new NodeView.AgentView(false, 0, "not polled yet", of)));
    return new NodeView(self(), version, api, incarnation, nanoTime.getAsLong(), agents);
  }

  /// The nodes that have rows of an agent, by name.
  public List<String> holders(String agentId) {
    return views().stream()
        .filter(
            view ->
                view.agent(agentId).seqs().values().stream()
                    .anyMatch(known -> !known.held().isEmpty()))
        .map(NodeView::node)
        .toList();
  }

  /// How the nodes fare, by name.
  public List<NodeStatus> status() {
    Set<String> members = membership.members();
    Set<String> there = there();
    long now = nanoTime.getAsLong();
    List<NodeStatus> status = new ArrayList<>();
    for (NodeView view : views()) {
      status.add(
          NodeStatus.newBuilder()
              .setName(view.node())
              .setApi(view.api())
              .setVersion(view.version())
              .setState(
                  there.contains(view.node())
                      ? "here"
                      : members.contains(view.node()) ? "silent" : "gone")
              .setHeardMillisAgo((now - view.heardNanos()) / 1_000_000)
              .setAgents(
                  (int)
                      registry.agents().stream()
                          .filter(agent -> owners(agent.id()).contains(view.node()))
                          .count())
              .build());
    }
    return status;
  }

  /// Which node answers for which agent; some tenths of a second old.
  synchronized Cover cover() {
    long now = nanoTime.getAsLong();
    if (now - coverNanos >= COVER_NANOS) {
      List<NodeView> views = views();
      Set<String> agents = new TreeSet<>();
      views.forEach(view -> agents.addAll(view.agents().keySet()));
      cover = Cover.of(agents, views, there(), replicas);
      coverNanos = now;
    }
    return cover;
  }

  /// Who can be asked for what a slow node was asked for; empty when nobody has as much.
  ///
  /// @param silent nodes that did not answer
  Map<String, Set<String>> instead(Cover asked, String slow, Set<String> silent) {
    Set<String> others = there();
    others.removeAll(silent);
    return Cover.instead(asked, slow, views(), others, replicas);
  }

  /// Takes what another node told.
  void heard(NodeNews news) {
    if (news.getNode().equals(self())) {
      return;
    }
    long now = nanoTime.getAsLong();
    for (AgentNews agent : news.getAgentsList()) {
      registry.learn(agent);
    }
    others.compute(news.getNode(), (_, before) -> view(news, before, now));
  }

  /// @return what was known before when the news are only about a part of something unknown
  private static @Nullable NodeView view(NodeNews news, @Nullable NodeView before, long now) {
    boolean goesOn = before != null && before.incarnation() == news.getIncarnation();
    if (!goesOn && !news.getWhole()) {
      return before;
    }
    Map<String, NodeView.AgentView> agents =
        before == null || news.getWhole() ? new HashMap<>() : new HashMap<>(before.agents());
    for (AgentNews agent : news.getAgentsList()) {
      agents.put(agent.getAgentId(), view(agent, now));
    }
    return new NodeView(
        news.getNode(), news.getVersion(), news.getApi(), news.getIncarnation(), now, agents);
  }

  private static NodeView.AgentView view(AgentNews agent, long now) {
    Map<StreamEpoch, KnownSeqs> seqs = new HashMap<>();
    for (EpochSeqs each : agent.getSeqsList()) {
      seqs.put(
          new StreamEpoch(each.getStream(), each.getEpoch()),
          new KnownSeqs(
              ranges(each.getHeldList()),
              ranges(each.getGoneList()),
              ranges(each.getBeforeList()),
              ranges(each.getDeletedList())));
    }
    return new NodeView.AgentView(
        agent.hasDrainedMillisAgo(),
        now - Duration.ofMillis(agent.getDrainedMillisAgo()).toNanos(),
        agent.getLastError(),
        seqs);
  }

  private static SeqRanges ranges(List<Long> bounds) {
    List<SeqRanges.Range> ranges = new ArrayList<>();
    for (int i = 0; i + 1 < bounds.size(); i += 2) {
      ranges.add(new SeqRanges.Range(bounds.get(i), bounds.get(i + 1)));
    }
    return SeqRanges.of(ranges);
  }

  /// Everything that this node tells.
  NodeNews news() {
    NodeView own = own();
    long now = own.heardNanos();
    NodeNews.Builder news =
        NodeNews.newBuilder()
            .setNode(own.node())
            .setIncarnation(incarnation)
            .setVersion(version)
            .setApi(api)
            .setWhole(true);
    Map<String, Registry.Agent> known =
        registry.agents().stream().collect(Collectors.toMap(Registry.Agent::id, agent -> agent));
    own.agents()
        .forEach(
            (id, view) -> {
              Registry.Agent agent = known.get(id);
              AgentNews.Builder of = agent == null ? AgentNews.newBuilder() : registry.news(agent);
              of.setAgentId(id).setLastError(view.lastError());
              if (view.drained()) {
                of.setDrainedMillisAgo((now - view.drainedNanos()) / 1_000_000);
              }
              view.seqs().forEach((epoch, seqs) -> of.addSeqs(message(epoch, seqs)));
              news.addAgents(of);
            });
    return news.build();
  }

  private static EpochSeqs message(StreamEpoch epoch, KnownSeqs seqs) {
    return EpochSeqs.newBuilder()
        .setStream(epoch.stream())
        .setEpoch(epoch.epoch())
        .addAllHeld(bounds(seqs.held()))
        .addAllGone(bounds(seqs.gone()))
        .addAllBefore(bounds(seqs.before()))
        .addAllDeleted(bounds(seqs.deleted()))
        .build();
  }

  private static Collection<Long> bounds(SeqRanges ranges) {
    List<Long> bounds = new ArrayList<>();
    for (SeqRanges.Range range : ranges.ranges()) {
      bounds.add(range.from());
      bounds.add(range.to());
    }
    return bounds;
  }
}
