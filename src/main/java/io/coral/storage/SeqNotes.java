package io.coral.storage;

import io.coral.model.SeqRanges;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// Which numbers of a stream a colony knows of, over all of its days, in memory.
///
/// What changes it belongs to one thread, [#known] and [#knows] to any.
public class SeqNotes {
  private final Map<Epoch, KnownSeqs> known = new ConcurrentHashMap<>();
  private final Map<String, Integer> epochsOfAgents = new ConcurrentHashMap<>();
  private final Map<Epoch, List<Gone>> gone = new ConcurrentHashMap<>();

  /// Numbers that were found to be gone.
  private record Gone(SeqRanges seqs, long notedNanos) {}

  /// An epoch of an agent.
  public record Epoch(String agentId, long epoch) {}

  public final KnownSeqs known(Epoch epoch) {
    return known.getOrDefault(epoch, KnownSeqs.NOTHING);
  }

  /// Everything that is known.
  public final Map<Epoch, KnownSeqs> all() {
    return Map.copyOf(known);
  }

  public final boolean knows(String agentId) {
    return epochsOfAgents.containsKey(agentId);
  }

  final boolean hasOthersThan(Set<String> agents) {
    return !agents.containsAll(epochsOfAgents.keySet());
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
    gone.merge(
        epoch,
        List.of(new Gone(seqs, notedNanos)),
        (a, b) -> Stream.concat(a.stream(), b.stream()).toList());
  }

  /// Lets go of numbers.
  ///
  /// @return the greatest one of each epoch
  public final Map<Epoch, Long> forget(Map<KnownSeqs.Why, Map<Epoch, SeqRanges>> said) {
    Map<Epoch, Long> lasts = new HashMap<>();
    said.forEach(
        (why, epochs) ->
            epochs.forEach(
                (epoch, seqs) -> {
                  lasts.merge(epoch, seqs.last(), Math::max);
                  if (why == KnownSeqs.Why.GONE) {
                    gone.remove(epoch);
                  }
                  set(epoch, known(epoch).minus(why, seqs));
                }));
    return lasts;
  }

  /// How many numbers of each agent were found to be gone whose rows did not come later.
  ///
  /// @param sinceNanos when that was found, Unix time
  public final Map<String, Long> lost(long sinceNanos) {
    Map<String, Long> lost = new TreeMap<>();
    gone.forEach(
        (epoch, notes) -> {
          long count =
              notes.stream()
                  .filter(note -> note.notedNanos >= sinceNanos)
                  .mapToLong(note -> note.seqs.minus(known(epoch).held()).size())
                  .sum();
          if (count > 0) {
            lost.merge(epoch.agentId, count, Long::sum);
          }
        });
    return lost;
  }
}
