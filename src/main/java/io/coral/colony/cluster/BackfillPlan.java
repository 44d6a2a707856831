package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.StreamEpoch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// What this node lacks and others have. No clock, no input or output.
final class BackfillPlan {
  private BackfillPlan() {}

  /// Rows to be asked for.
  ///
  /// @param node who has them
  record Wanted(String node, String agentId, StreamEpoch log, SeqRanges seqs) {}

  /// @param own what this node has
  /// @param views of the other nodes
  /// @param there names of the nodes that can be asked
  /// @param owns whether this node is to have a stream of an agent
  /// @param pulls whether what is new at an agent comes from there
  static List<Wanted> of(
      NodeView own,
      Collection<NodeView> views,
      Set<String> there,
      BiPredicate owns,
      Predicate<String> pulls) {
    List<Wanted> wanted = new ArrayList<>();
    for (NodeView view : views) {
      if (view.node().equals(own.node()) || !there.contains(view.node())) {
        continue;
      }
      for (Map.Entry<String, NodeView.AgentView> each : view.agents().entrySet()) {
        String agent = each.getKey();
        each.getValue()
            .seqs()
            .forEach(
                (log, theirs) -> {
                  if (!owns.test(agent, log.stream())) {
                    return;
                  }
                  KnownSeqs known = own.agent(agent).seqs().getOrDefault(log, KnownSeqs.NOTHING);
                  SeqRanges lacking = theirs.held().minus(known.held()).minus(known.deleted());
                  if (pulls.test(agent)) {
                    lacking = lacking.and(SeqRanges.of(1, known.all().last()));
                  }
                  if (!lacking.isEmpty()) {
                    wanted.add(new Wanted(view.node(), agent, log, lacking));
                  }
                });
      }
    }
    return wanted;
  }

  /// Whether a stream of an agent is meant.
  interface BiPredicate {
    boolean test(String agentId, String stream);
  }
}
