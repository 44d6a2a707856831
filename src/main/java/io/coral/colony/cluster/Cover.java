package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Which node answers for which agent, so that every row counts once: of the nodes that are there,
/// the one that misses the fewest of the rows that any node is known to have. What even that one
/// misses is a hole, and said.
///
/// No clock, no input or output.
///
/// @param nodes the agents of each node that is asked
/// @param incarnations of these nodes: one that started again since may have lost its rows
/// @param agents what is to be said of each agent
/// @param unknown what was not known of other nodes, each a sentence
record Cover(
    Map<String, Set<String>> nodes,
    Map<String, Long> incarnations,
    Map<String, Choice> agents,
    List<String> unknown) {
  /// Nobody is asked.
  static final Cover NOBODY = new Cover(Map.of(), Map.of(), Map.of(), List.of());

  /// Who answers for an agent.
  ///
  /// @param node empty when none does
  /// @param drained whether it ever had everything that the agent had
  /// @param drainedNanos since when it may not, monotonic
  /// @param lastError of its last poll
  /// @param missing rows that other nodes have, by stream
  /// @param holders the nodes that have them
  /// @param gone how many rows no node has, by stream and by the Unix time at which that was found
  ///     last; see [LostSeqs]
  record Choice(
      String node,
      boolean drained,
      long drainedNanos,
      String lastError,
      Map<String, Long> missing,
      Set<String> holders,
      Map<String, NavigableMap<Long, Long>> gone) {}

  /// @param agents ids
  /// @param views of all nodes, also of those that are not there
  /// @param there names of the nodes that can be asked
  /// @param replicas how many nodes pull an agent
  /// @param losses numbers that no node knows any more, by agent
  static Cover of(
      Collection<String> agents,
      Collection<NodeView> views,
      Set<String> there,
      int replicas,
      Map<String, Map<StreamEpoch, SeqRanges>> losses) {
    Map<String, Set<String>> nodes = new TreeMap<>();
    Map<String, Choice> choices = new LinkedHashMap<>();
    for (String agent : agents) {
      Choice choice = choose(agent, views, there, replicas, losses.getOrDefault(agent, Map.of()));
      choices.put(agent, choice);
      if (!choice.node.isEmpty()) {
        nodes.computeIfAbsent(choice.node, _ -> new HashSet<>()).add(agent);
      }
    }
    Map<String, Long> incarnations = new HashMap<>();
    for (NodeView view : views) {
      if (nodes.containsKey(view.node())) {
        incarnations.put(view.node(), view.incarnation());
      }
    }
    return new Cover(nodes, incarnations, choices, List.of());
  }

  /// The same, made without knowing some of the nodes.
  Cover without(List<String> unknownNodes) {
    return new Cover(nodes, incarnations, agents, unknownNodes);
  }

  private static Choice choose(
      String agent,
      Collection<NodeView> views,
      Set<String> there,
      int replicas,
      Map<StreamEpoch, SeqRanges> losses) {
    List<String> owners = Ownership.owners(agent, there, replicas);
    Map<StreamEpoch, KnownSeqs> all = NodeView.known(views, agent);
    NodeView best = null;
    long fewest = Long.MAX_VALUE;
    for (NodeView view : views) {
      if (!there.contains(view.node())) {
        continue;
      }
      long count =
          missing(view.agent(agent), all, true).values().stream().mapToLong(SeqRanges::size).sum();
      if (count < fewest
          || (count == fewest && best != null && isBetter(view, best, agent, owners))) {
        best = view;
        fewest = count;
      }
    }
    if (best == null) {
      return new Choice("", false, 0, "no node is there", Map.of(), Set.of(), Map.of());
    }
    NodeView.AgentView of = best.agent(agent);
    Map<StreamEpoch, SeqRanges> misses = missing(of, all, !of.drained());
    Set<String> holders = new TreeSet<>();
    for (NodeView view : views) {
      for (Map.Entry<StreamEpoch, SeqRanges> each : misses.entrySet()) {
        if (!seqs(view, agent, each.getKey()).held().and(each.getValue()).isEmpty()) {
          holders.add(view.node());
        }
      }
    }
    Map<String, Long> missing = new TreeMap<>();
    misses.forEach((log, seqs) -> missing.merge(log.stream(), seqs.size(), Long::sum));
    return new Choice(
        best.node(),
        of.drained(),
        of.drainedNanos(),
        of.lastError(),
        missing,
        holders,
        gone(agent, of, views, all, losses));
  }

  /// What no node has: noted by some node, lost with a disk, or a hole of which nobody knows.
  private static Map<String, NavigableMap<Long, Long>> gone(
      String agent,
      NodeView.AgentView of,
      Collection<NodeView> views,
      Map<StreamEpoch, KnownSeqs> all,
      Map<StreamEpoch, SeqRanges> losses) {
    Map<StreamEpoch, LostSeqs> lost = NodeView.lost(views, agent);
    losses.forEach((log, seqs) -> lost.merge(log, LostSeqs.atAnyTime(seqs), LostSeqs::plus));
    if (of.drained()) {
      all.forEach(
          (log, known) -> {
            long last = of.open().getOrDefault(log, known.all().last());
            SeqRanges unknown = SeqRanges.of(1, last).minus(known.all());
            lost.merge(log, LostSeqs.atAnyTime(unknown), LostSeqs::plus);
          });
    }
    Map<String, NavigableMap<Long, Long>> gone = new TreeMap<>();
    lost.forEach(
        (log, seqs) -> {
          KnownSeqs known = all.getOrDefault(log, KnownSeqs.NOTHING);
          seqs.minus(known.held())
              .minus(known.deleted())
              .counts()
              .forEach(
                  (found, count) ->
                      gone.computeIfAbsent(log.stream(), _ -> new TreeMap<>())
                          .merge(found, count, Long::sum));
        });
    return gone;
  }

  private static KnownSeqs seqs(NodeView view, String agent, StreamEpoch log) {
    return view.agent(agent).seqs().getOrDefault(log, KnownSeqs.NOTHING);
  }

  /// What other nodes have and this one neither has nor has deleted.
  ///
  /// @param newest also what came after the last poll that drained the agent: it was not there yet
  private static Map<StreamEpoch, SeqRanges> missing(
      NodeView.AgentView view, Map<StreamEpoch, KnownSeqs> all, boolean newest) {
    Map<StreamEpoch, SeqRanges> missing = new HashMap<>();
    all.forEach(
        (log, ofAll) -> {
          KnownSeqs known = view.seqs().getOrDefault(log, KnownSeqs.NOTHING);
          SeqRanges misses = ofAll.held().minus(known.held()).minus(known.deleted());
          Long last = view.open().get(log);
          if (!newest && last != null) {
            misses = misses.and(SeqRanges.of(1, last));
          }
          if (!misses.isEmpty()) {
            missing.put(log, misses);
          }
        });
    return missing;
  }

  /// Of nodes that have the same rows: the one that pulls the agent, first choice first.
  private static boolean isBetter(NodeView one, NodeView other, String agent, List<String> owners) {
    int rank = rank(owners, one.node());
    int otherRank = rank(owners, other.node());
    if (rank != otherRank) {
      return rank < otherRank;
    }
    NodeView.AgentView view = one.agent(agent);
    NodeView.AgentView otherView = other.agent(agent);
    if (view.drained() != otherView.drained()) {
      return view.drained();
    }
    return view.drainedNanos() - otherView.drainedNanos() > 0;
  }

  private static int rank(List<String> owners, String node) {
    int rank = owners.indexOf(node);
    return rank < 0 ? owners.size() : rank;
  }

  /// The same question to other nodes, for the agents of one that is slow.
  ///
  /// @return [#NOBODY] when there is none that has as much
  static Cover instead(
      Cover cover,
      String slow,
      Collection<NodeView> views,
      Set<String> there,
      int replicas,
      Map<String, Map<StreamEpoch, SeqRanges>> losses) {
    Set<String> others = new HashSet<>(there);
    others.remove(slow);
    List<String> agents = new ArrayList<>(cover.nodes.getOrDefault(slow, Set.of()));
    Cover second = Cover.of(agents, views, others, replicas, losses);
    boolean equal =
        second.agents.entrySet().stream()
            .allMatch(
                each -> {
                  Choice first = cover.agents.get(each.getKey());
                  return first != null
                      && !each.getValue().node.isEmpty()
                      && each.getValue().missing.equals(first.missing);
                });
    return equal ? second : NOBODY;
  }
}
