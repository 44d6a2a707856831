package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.StreamEpoch;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.ToLongBiFunction;

/// What this node lacks and others have. No clock, no input or output.
final class BackfillPlan {
  private static final Comparator<Wanted> ORDER =
      Comparator.comparing(Wanted::node)
          .thenComparing(Wanted::agentId)
          .thenComparing(each -> each.log().stream())
          .thenComparing(each -> each.log().epoch());

  private BackfillPlan() {}

  /// Rows to be asked for.
  ///
  /// @param node who has them
  /// @param incarnation of the node
  record Wanted(String node, long incarnation, String agentId, StreamEpoch log, SeqRanges seqs) {}

  /// @param own what this node has
  /// @param views of the other nodes
  /// @param there names of the nodes that can be asked
  /// @param owns whether this node is to have a stream of an agent
  /// @param until the last number of an epoch that does not come from the agent itself
  static List<Wanted> of(
      NodeView own,
      Collection<NodeView> views,
      Set<String> there,
      BiPredicate<String, String> owns,
      ToLongBiFunction<String, StreamEpoch> until) {
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
                  KnownSeqs known = own.agent(agent).seqs().getOrDefault(log, KnownSeqs.NOTHING);
                  SeqRanges lacking = theirs.held().minus(known.held()).minus(known.deleted());
                  if (lacking.isEmpty()) {
                    return;
                  }
                  long last = Math.min(until.applyAsLong(agent, log), lacking.last());
                  lacking = lacking.and(SeqRanges.of(1, last));
                  if (!lacking.isEmpty() && owns.test(agent, log.stream())) {
                    wanted.add(new Wanted(view.node(), view.incarnation(), agent, log, lacking));
                  }
                });
      }
    }
    wanted.sort(ORDER);
    return wanted;
  }
}
