package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/// What nodes had before they started again and do not have since, or said to be lost: their disk
/// was lost, or a file of it. Safe on any thread.
final class Losses {
  private final Map<String, Map<StreamEpoch, SeqRanges>> lost = new HashMap<>();

  /// @param before what a node told last
  /// @param now what it told first after its start
  synchronized void add(NodeView before, NodeView now) {
    before
        .agents()
        .forEach(
            (agent, of) ->
                of.seqs()
                    .forEach(
                        (log, known) -> {
                          KnownSeqs left =
                              now.agent(agent).seqs().getOrDefault(log, KnownSeqs.NOTHING);
                          SeqRanges said = of.lost().getOrDefault(log, LostSeqs.NONE).all();
                          SeqRanges without = known.held().plus(said).minus(left.all());
                          if (!without.isEmpty()) {
                            lost.computeIfAbsent(agent, _ -> new HashMap<>())
                                .merge(log, without, SeqRanges::plus);
                          }
                        }));
  }

  /// The part of it of which no node knows anything; the rest is forgotten.
  synchronized Map<String, Map<StreamEpoch, SeqRanges>> left(Collection<NodeView> views) {
    Map<String, Map<StreamEpoch, SeqRanges>> left = new HashMap<>();
    lost.forEach(
        (agent, logs) ->
            logs.forEach(
                (log, seqs) -> {
                  SeqRanges unknown = seqs;
                  for (NodeView view : views) {
                    unknown =
                        unknown.minus(
                            view.agent(agent).seqs().getOrDefault(log, KnownSeqs.NOTHING).all());
                  }
                  if (!unknown.isEmpty()) {
                    left.computeIfAbsent(agent, _ -> new HashMap<>()).put(log, unknown);
                  }
                }));
    lost.clear();
    left.forEach((agent, logs) -> lost.put(agent, new HashMap<>(logs)));
    return left;
  }
}
