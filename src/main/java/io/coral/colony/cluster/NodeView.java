package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// What is known of one node: by itself, or by what it told last.
///
/// @param api `host:port`
/// @param incarnation another after each start
/// @param heardNanos when it told something last, monotonic
/// @param agents what it has of each agent
public record NodeView(
    String node,
    String version,
    String api,
    long incarnation,
    long heardNanos,
    Map<String, AgentView> agents) {
  public NodeView {
    agents = Map.copyOf(agents);
  }

  /// What a node has of an agent.
  ///
  /// @param drainedNanos when the last poll began that drained every stream, monotonic
  /// @param drained whether there was one
  /// @param lastError of the last poll, empty when it succeeded
  /// @param lost the numbers that it found to be gone, and what went with disks
  /// @param open the epochs in which the agent numbered new rows at that poll, and the last number
  ///     then
  public record AgentView(
      boolean drained,
      long drainedNanos,
      String lastError,
      Map<StreamEpoch, KnownSeqs> seqs,
      Map<StreamEpoch, LostSeqs> lost,
      Map<StreamEpoch, Long> open) {
    /// Nothing.
    public static final AgentView NOTHING =
        new AgentView(false, 0, "", Map.of(), Map.of(), Map.of());

    private AgentView without(Map<StreamEpoch, SeqRanges> gone) {
      Map<StreamEpoch, KnownSeqs> known = new HashMap<>(seqs);
      Map<StreamEpoch, LostSeqs> lately = new HashMap<>(lost);
      gone.forEach(
          (log, numbers) -> {
            known.merge(log, KnownSeqs.NOTHING.plus(KnownSeqs.Why.GONE, numbers), KnownSeqs::plus);
            lately.merge(log, LostSeqs.atAnyTime(numbers), LostSeqs::plus);
          });
      return new AgentView(drained, drainedNanos, lastError, known, lately, open);
    }

    /// What both say, which may be about different times of one run of a node.
    private AgentView plus(AgentView later) {
      Map<StreamEpoch, KnownSeqs> known = new HashMap<>(seqs);
      later.seqs.forEach((log, more) -> known.merge(log, more, KnownSeqs::plus));
      known.replaceAll((_, of) -> of.withoutDeleted());
      Map<StreamEpoch, LostSeqs> both = new HashMap<>(lost);
      later.lost.forEach((log, more) -> both.merge(log, more, LostSeqs::plus));
      both.replaceAll((log, of) -> of.minus(known.getOrDefault(log, KnownSeqs.NOTHING).held()));
      return new AgentView(
          later.drained, later.drainedNanos, later.lastError, known, both, later.open);
    }

    public AgentView {
      seqs = Map.copyOf(seqs);
      lost = Map.copyOf(lost);
      open = Map.copyOf(open);
    }
  }

  AgentView agent(String agentId) {
    return agents.getOrDefault(agentId, AgentView.NOTHING);
  }

  /// The same run of the node with what was told of it on another way: which of the two is newer is
  /// not known for sure, since the times at which they were told are the earliest possible ones.
  NodeView plus(NodeView other) {
    boolean isLater = other.heardNanos - heardNanos > 0;
    NodeView later = isLater ? other : this;
    NodeView earlier = isLater ? this : other;
    Map<String, AgentView> both = new HashMap<>(earlier.agents);
    later.agents.forEach((agent, of) -> both.merge(agent, of, AgentView::plus));
    return new NodeView(node, later.version, later.api, incarnation, later.heardNanos, both);
  }

  /// With numbers that were found to be gone.
  NodeView without(Map<String, Map<StreamEpoch, SeqRanges>> gone) {
    if (gone.isEmpty()) {
      return this;
    }
    Map<String, AgentView> without = new HashMap<>(agents);
    gone.forEach((agent, of) -> without.put(agent, agent(agent).without(of)));
    return new NodeView(node, version, api, incarnation, heardNanos, without);
  }

  /// What some nodes together found to be lost of an agent.
  static Map<StreamEpoch, LostSeqs> lost(Collection<NodeView> views, String agentId) {
    Map<StreamEpoch, LostSeqs> all = new HashMap<>();
    for (NodeView view : views) {
      view.agent(agentId).lost().forEach((log, lost) -> all.merge(log, lost, LostSeqs::plus));
    }
    return all;
  }

  /// What some nodes together know of the numbers of an agent.
  static Map<StreamEpoch, KnownSeqs> known(Collection<NodeView> views, String agentId) {
    Map<StreamEpoch, KnownSeqs> all = new HashMap<>();
    for (NodeView view : views) {
      view.agent(agentId).seqs().forEach((log, seqs) -> all.merge(log, seqs, KnownSeqs::plus));
    }
    return all;
  }
}
