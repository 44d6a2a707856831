package io.coral.colony.cluster;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.colony.v1.AgentNews;
import io.coral.rpc.colony.v1.EpochSeqs;
import io.coral.rpc.colony.v1.NodeNews;
import io.coral.rpc.colony.v1.NodeStatus;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What every node has, as far as this one was told, itself among them. Safe on any thread.
public final class Nodes {
  /// A node that says nothing for as long is not asked.
  private static final long SILENCE_NANOS = Duration.ofSeconds(5).toNanos();

  /// How long a node that starts waits for others before it polls.
  private static final long JOINING_NANOS = Duration.ofSeconds(5).toNanos();

  /// How long it waits for what those have that it sees.
  private static final long TELLING_NANOS = Duration.ofSeconds(15).toNanos();

  /// News whose time of sending is remembered; they go out every second.
  private static final int SENT = 64;

  private static final long COVER_NANOS = Duration.ofMillis(200).toNanos();

  private final Membership membership;
  private final int expected;
  private final int replicas;
  private final Registry registry;
  private final Book book;
  private final String version;
  private final long incarnation;
  private final LongSupplier nanoTime;
  private final long startNanos;
  private final Map<String, NodeView> others = new ConcurrentHashMap<>();
  private final Map<Long, Long> numbers = new ConcurrentHashMap<>();
  private final Set<String> named = ConcurrentHashMap.newKeySet();

  // Nodes that told what they have, but take this one for what it was before its start.
  private final Set<String> unaware = ConcurrentHashMap.newKeySet();
  private final Map<Long, Long> ended = new ConcurrentHashMap<>();
  private final Losses losses = new Losses();
  private volatile String api = "";
  private Cover cover = Cover.NOBODY;
  private long coverNanos;
  private volatile boolean haveTold;
  private volatile boolean haveHeard;
  private final NavigableMap<Long, Long> sent = new ConcurrentSkipListMap<>();
  private long number;

  /// What this node knows of the numbers of every agent.
  public interface Book {
    Map<String, Map<StreamEpoch, KnownSeqs>> seqs();

    /// Those that were found to be gone.
    Map<String, Map<StreamEpoch, LostSeqs>> lost();
  }

  /// @param expected how many nodes the colony is meant to have at the least, this one among them
  /// @param replicas how many nodes pull each agent
  /// @param incarnation random, another after each start
  /// @param nanoTime monotonic
  public Nodes(
      Membership membership,
      int expected,
      int replicas,
      Registry registry,
      Book book,
      String version,
      long incarnation,
      LongSupplier nanoTime) {
    this.membership = membership;
    this.expected = expected;
    this.replicas = replicas;
    this.registry = registry;
    this.book = book;
    this.version = version;
    this.incarnation = incarnation;
    this.nanoTime = nanoTime;
    this.startNanos = nanoTime.getAsLong();
    this.coverNanos = startNanos - COVER_NANOS;
  }

  /// The name of this node.
  public String self() {
    return membership.self();
  }

  /// Another after each start.
  long incarnation() {
    return incarnation;
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

  /// What other nodes know of the numbers of an epoch.
  public KnownSeqs knownToOthers(String agentId, StreamEpoch log) {
    KnownSeqs known = KnownSeqs.NOTHING;
    for (NodeView view : others.values()) {
      known = known.plus(view.agent(agentId).seqs().getOrDefault(log, KnownSeqs.NOTHING));
    }
    return known;
  }

  /// Whether this node hears every member.
  public boolean hearsAll() {
    return there().containsAll(membership.members());
  }

  /// Whether the other nodes told what they have, or did not in time.
  public boolean haveTold() {
    if (!haveTold) {
      Set<String> members = membership.members();
      boolean all = members.size() > 1;
      for (String member : members) {
        all &= member.equals(self()) || others.containsKey(member);
      }
      long most = members.size() > 1 ? TELLING_NANOS : JOINING_NANOS;
      haveTold = expected < 2 || all || nanoTime.getAsLong() - startNanos >= most;
    }
    return haveTold;
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
  private List<String> unknown() {
    List<String> unknown = new ArrayList<>();
    Set<String> all = new TreeSet<>(members());
    all.addAll(named);
    all.addAll(others.keySet());
    all.add(self());
    if (all.size() < expected) {
      unknown.add(
          "%s has heard of %d of %d nodes since its start".formatted(self(), all.size(), expected));
    }
    for (String member : all) {
      if (!member.equals(self()) && (!others.containsKey(member) || unaware.contains(member))) {
        unknown.add(member + " has not told yet what it has");
      }
    }
    return unknown;
  }

  /// Every node that was ever heard of, by name.
  public List<NodeView> views() {
    return views(own());
  }

  private List<NodeView> views(NodeView own) {
    List<NodeView> views = new ArrayList<>(others.values());
    views.add(own);
    views.sort((a, b) -> a.node().compareTo(b.node()));
    return views;
  }

  private NodeView own() {
    // Polls first: what a poll stored before it ended is then among the numbers.
    Collection<Registry.Agent> polled = registry.agents();
    Map<String, Map<StreamEpoch, KnownSeqs>> known = book.seqs();
    Map<String, Map<StreamEpoch, LostSeqs>> lost = book.lost();
    Map<String, NodeView.AgentView> agents = new HashMap<>();
    for (Registry.Agent agent : polled) {
      agents.put(
          agent.id(),
          new NodeView.AgentView(
              agent.drained(),
              agent.drainedNanos(),
              agent.lastError(),
              known.getOrDefault(agent.id(), Map.of()),
              lost.getOrDefault(agent.id(), Map.of()),
              agent.open()));
    }
    known.forEach(
        (agent, of) ->
            agents.putIfAbsent(
                agent,
                new NodeView.AgentView(
                    false, 0, "not polled yet", of, lost.getOrDefault(agent, Map.of()), Map.of())));
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

  /// Which node answers for which agent. It knows all that was heard; of this node itself and of
  /// who is there it may be some tenths of a second old.
  synchronized Cover cover() {
    long now = nanoTime.getAsLong();
    if (haveHeard || now - coverNanos >= COVER_NANOS) {
      // First: a node that tells meanwhile is in what follows.
      haveHeard = false;
      List<String> unknown = unknown();
      List<NodeView> views = views();
      Set<String> agents = new TreeSet<>();
      views.forEach(view -> agents.addAll(view.agents().keySet()));
      Map<String, Map<StreamEpoch, SeqRanges>> lost = lostWithDisks(views);
      // Of one that no node knows any more.
      agents.addAll(lost.keySet());
      cover = Cover.of(agents, views, there(), replicas, lost).without(unknown);
      coverNanos = now;
    }
    return cover;
  }

  /// Who can be asked for what a slow node was asked for; nobody when nobody has as much.
  ///
  /// @param silent nodes that did not answer
  Cover instead(Cover asked, String slow, Set<String> silent) {
    List<NodeView> views = views();
    Set<String> there = there();
    there.removeAll(silent);
    return Cover.instead(asked, slow, views, there, replicas, lostWithDisks(views));
  }

  /// What was lost with the disks of nodes and is not yet noted by this one.
  Map<String, Map<StreamEpoch, SeqRanges>> lostWithDisks(Collection<NodeView> views) {
    return losses.left(views);
  }

  /// Takes what another node told.
  ///
  /// @return whether the node has just started, and has to be told everything
  boolean heard(NodeNews news) {
    if (isOld(news)) {
      return false;
    }
    NodeView known = others.get(news.getNode());
    boolean isNew = known == null || known.incarnation() != news.getIncarnation();
    long now = sentAfter(news);
    for (AgentNews agent : news.getAgentsList()) {
      registry.learn(agent);
    }
    others.compute(news.getNode(), (_, before) -> replaced(before, view(news, before, now)));
    news.getOthersList().forEach(this::learn);
    if (knowsOfStart(news)) {
      unaware.remove(news.getNode());
    } else if (news.getWhole()) {
      unaware.add(news.getNode());
    }
    haveHeard = true;
    return isNew;
  }

  /// Whether a node says what was lost with this one's disk, if it was: it has heard it since its
  /// start, or tells what this one had before.
  private boolean knowsOfStart(NodeNews news) {
    return news.getHeardMap().containsKey(incarnation)
        || (news.getWhole()
            && news.getOthersList().stream()
                .allMatch(other -> !other.getNode().equals(self()) || other.getWhole()));
  }

  /// A time before which news were not sent: when those of this node left that had been heard, or
  /// when it started if none had been. News that lay somewhere while this node was stopped are not
  /// taken for new.
  private long sentAfter(NodeNews news) {
    Long heard = news.getHeardMap().get(incarnation);
    Map.Entry<Long, Long> mine =
        heard == null || sent.isEmpty() ? null : sent.floorEntry(Math.max(heard, sent.firstKey()));
    return mine == null ? startNanos : mine.getValue();
  }

  /// Whether news are overtaken by later ones, which may come first.
  private boolean isOld(NodeNews news) {
    if (news.getNode().equals(self()) || hasEnded(news)) {
      return true;
    }
    NodeView before = others.get(news.getNode());
    if (before == null || before.incarnation() != news.getIncarnation()) {
      if (news.getWhole()) {
        numbers.put(news.getIncarnation(), news.getNumber());
      }
      return false;
    }
    long last = numbers.getOrDefault(news.getIncarnation(), 0L);
    numbers.merge(news.getIncarnation(), news.getNumber(), Math::max);
    return news.getNumber() < last;
  }

  /// Whether news are of a node that started again since. One that heard what this node told after
  /// it was taken for ended lives: its news and its predecessor's had overtaken each other.
  private boolean hasEnded(NodeNews news) {
    Long toldThen = ended.get(news.getIncarnation());
    if (toldThen == null) {
      return false;
    }
    boolean lives = news.getHeardOrDefault(incarnation, 0) > toldThen;
    if (lives) {
      ended.remove(news.getIncarnation());
    }
    return !lives;
  }

  /// Takes what another node heard of a third.
  private void learn(NodeNews third) {
    named.add(third.getNode());
    if (!third.getWhole() || ended.containsKey(third.getIncarnation())) {
      return;
    }
    long heard = nanoTime.getAsLong() - Duration.ofMillis(third.getHeardMillisAgo()).toNanos();
    if (third.getNode().equals(self())) {
      NodeView before = view(third, null, heard);
      if (before != null && before.incarnation() != incarnation) {
        losses.add(before, own());
      }
      return;
    }
    others.compute(
        third.getNode(),
        (_, before) -> {
          NodeView told = view(third, null, heard);
          if (before == null || told == null) {
            return told;
          }
          if (before.incarnation() == told.incarnation()) {
            return before.plus(told);
          }
          return before.heardNanos() - heard >= 0 ? before : replaced(before, told);
        });
  }

  /// What a node has that started again; what went with its disk is remembered.
  private @Nullable NodeView replaced(@Nullable NodeView before, @Nullable NodeView now) {
    if (before != null && now != null && before.incarnation() != now.incarnation()) {
      ended.put(before.incarnation(), toldNumber());
      numbers.remove(before.incarnation());
      losses.add(before, now);
    }
    return now;
  }

  /// Of the last news that this node told.
  private long toldNumber() {
    Map.Entry<Long, Long> last = sent.lastEntry();
    return last == null ? 0 : last.getKey();
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
    Map<StreamEpoch, LostSeqs> lost = new HashMap<>();
    Map<StreamEpoch, Long> open = new HashMap<>();
    for (EpochSeqs each : agent.getSeqsList()) {
      if (!StreamSchema.isKnown(each.getStream())) {
        // Of a newer version; this node cannot have its rows.
        continue;
      }
      StreamEpoch log = new StreamEpoch(each.getStream(), each.getEpoch());
      seqs.put(
          log,
          new KnownSeqs(
              ranges(each.getHeldList()),
              ranges(each.getGoneList()),
              ranges(each.getDeletedList())));
      for (io.coral.rpc.colony.v1.LostSeqs some : each.getLostList()) {
        lost.merge(
            log, LostSeqs.of(ranges(some.getSeqsList()), some.getFoundUnixNanos()), LostSeqs::plus);
      }
      if (each.hasOpenUntil()) {
        open.put(log, each.getOpenUntil());
      }
    }
    return new NodeView.AgentView(
        agent.hasDrainedMillisAgo(),
        now - Duration.ofMillis(agent.getDrainedMillisAgo()).toNanos(),
        agent.getLastError(),
        seqs,
        lost,
        open);
  }

  private static SeqRanges ranges(List<Long> bounds) {
    List<SeqRanges.Range> ranges = new ArrayList<>();
    for (int i = 0; i + 1 < bounds.size(); i += 2) {
      ranges.add(new SeqRanges.Range(bounds.get(i), bounds.get(i + 1)));
    }
    return SeqRanges.of(ranges);
  }

  /// Everything that this node tells.
  synchronized NodeNews news() {
    NodeView own = own();
    NodeNews.Builder news =
        message(own.without(lostWithDisks(views(own))), own.heardNanos()).setNumber(++number);
    sent.put(number, own.heardNanos());
    if (sent.size() > SENT) {
      sent.pollFirstEntry();
    }
    Map<String, Registry.Agent> known =
        registry.agents().stream().collect(Collectors.toMap(Registry.Agent::id, agent -> agent));
    for (AgentNews.Builder agent : news.getAgentsBuilderList()) {
      Registry.Agent of = known.get(agent.getAgentId());
      if (of != null) {
        agent.mergeFrom(registry.news(of).build());
      }
    }
    Set<String> there = there();
    for (NodeView view : others.values()) {
      news.putHeard(view.incarnation(), numbers.getOrDefault(view.incarnation(), 0L));
      if (there.contains(view.node())) {
        news.addOthers(NodeNews.newBuilder().setNode(view.node()));
      } else {
        news.addOthers(
            message(view, view.heardNanos())
                .setHeardMillisAgo((own.heardNanos() - view.heardNanos()) / 1_000_000));
      }
    }
    return news.build();
  }

  /// @param now when it was so, monotonic
  private static NodeNews.Builder message(NodeView view, long now) {
    NodeNews.Builder news =
        NodeNews.newBuilder()
            .setNode(view.node())
            .setIncarnation(view.incarnation())
            .setVersion(view.version())
            .setApi(view.api())
            .setWhole(true);
    view.agents()
        .forEach(
            (id, agent) -> {
              AgentNews.Builder of = news.addAgentsBuilder();
              of.setAgentId(id).setLastError(agent.lastError());
              if (agent.drained()) {
                of.setDrainedMillisAgo((now - agent.drainedNanos()) / 1_000_000);
              }
              agent
                  .seqs()
                  .forEach(
                      (log, seqs) -> {
                        EpochSeqs.Builder message = message(log, seqs);
                        agent
                            .lost()
                            .getOrDefault(log, LostSeqs.NONE)
                            .found()
                            .forEach(
                                (found, lost) ->
                                    message
                                        .addLostBuilder()
                                        .setFoundUnixNanos(found)
                                        .addAllSeqs(bounds(lost)));
                        Long last = agent.open().get(log);
                        if (last != null) {
                          message.setOpenUntil(last);
                        }
                        of.addSeqs(message);
                      });
            });
    return news;
  }

  private static EpochSeqs.Builder message(StreamEpoch epoch, KnownSeqs seqs) {
    return EpochSeqs.newBuilder()
        .setStream(epoch.stream())
        .setEpoch(epoch.epoch())
        .addAllHeld(bounds(seqs.held()))
        .addAllGone(bounds(seqs.gone()))
        .addAllDeleted(bounds(seqs.deleted()));
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
