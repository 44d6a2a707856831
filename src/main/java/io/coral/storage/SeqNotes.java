package io.coral.storage;

import io.coral.model.SeqRanges;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Which numbers of a stream a colony knows of, over all of its days, in memory.
///
/// What changes it belongs to one thread, [#known] to any.
public class SeqNotes {
  private final Map<Epoch, KnownSeqs> known = new ConcurrentHashMap<>();
  private final Map<String, Integer> epochsOfAgents = new ConcurrentHashMap<>();
  private final Map<Epoch, LostSeqs> gone = new ConcurrentHashMap<>();
  private volatile Set<String> arriving = Set.of();

  /// An epoch of an agent.
  public record Epoch(String agentId, long epoch) {}

  public final KnownSeqs known(Epoch epoch) {
    return known.getOrDefault(epoch, KnownSeqs.NOTHING);
  }

  /// Everything that is known.
  public final Map<Epoch, KnownSeqs> all() {
    return Map.copyOf(known);
  }

  /// Agents whose rows may be seen although [#add] was not told of them yet.
  final void arriving(Set<String> agents) {
    arriving = Set.copyOf(agents);
  }

  final boolean hasOthersThan(Set<String> agents) {
    // In this order: who is no longer arriving has come.
    return !agents.containsAll(arriving) || !agents.containsAll(epochsOfAgents.keySet());
  }

  public final void add(Map<Epoch, SeqRanges> added, KnownSeqs.Why why) {
    added.forEach((epoch, seqs) -> set(epoch, known(epoch).plus(why, seqs)));
  }

  private void set(Epoch epoch, KnownSeqs now) {
    if (now.all().isEmpty()) {
      if (known.remove(epoch) != null) {
        epochsOfAgents.computeIfPresent(epoch.agentId, (_, count) -> count == 1 ? null : count - 1);
      }
    } else if (known.put(epoch, now) == null) {
      epochsOfAgents.merge(epoch.agentId, 1, Integer::sum);
    }
  }

  /// Notes that numbers are gone.
  public final void addGone(Epoch epoch, SeqRanges seqs, long notedNanos) {
    add(Map.of(epoch, seqs), KnownSeqs.Why.GONE);
    gone.merge(epoch, LostSeqs.of(seqs, notedNanos), LostSeqs::plus);
  }

  /// Lets go of what a file said. Its numbers, and those before them, count as deleted at once, so
  /// that they do not seem to be missing; but for those whose rows another file has, because they
  /// came late.
  ///
  /// @return the numbers that are deleted
  public final Map<Epoch, SeqRanges> forget(Map<KnownSeqs.Why, Map<Epoch, SeqRanges>> said) {
    Map<Epoch, SeqRanges> deleted = new HashMap<>();
    for (Map<Epoch, SeqRanges> epochs : said.values()) {
      epochs.forEach(
          (epoch, seqs) -> deleted.merge(epoch, SeqRanges.of(1, seqs.last()), SeqRanges::plus));
    }
    deleted.replaceAll(
        (epoch, seqs) -> {
          KnownSeqs now = known(epoch);
          for (Map.Entry<KnownSeqs.Why, Map<Epoch, SeqRanges>> each : said.entrySet()) {
            SeqRanges fewer = each.getValue().getOrDefault(epoch, SeqRanges.NONE);
            now = now.minus(each.getKey(), fewer);
            if (each.getKey() == KnownSeqs.Why.GONE) {
              forgetGone(epoch, fewer);
            }
          }
          set(epoch, now.plus(KnownSeqs.Why.DELETED, seqs));
          return seqs.minus(now.held());
        });
    deleted.values().removeIf(SeqRanges::isEmpty);
    return deleted;
  }

  private void forgetGone(Epoch epoch, SeqRanges seqs) {
    gone.computeIfPresent(
        epoch,
        (_, notes) -> {
          LostSeqs left = notes.minus(seqs);
          return left.isEmpty() ? null : left;
        });
  }

  /// The numbers that were found to be gone whose rows did not come later.
  public final Map<Epoch, LostSeqs> lost() {
    Map<Epoch, LostSeqs> lost = new HashMap<>();
    gone.forEach(
        (epoch, notes) -> {
          LostSeqs seqs = notes.minus(known(epoch).held());
          if (!seqs.isEmpty()) {
            lost.put(epoch, seqs);
          }
        });
    return lost;
  }
}
