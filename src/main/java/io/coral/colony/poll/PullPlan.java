package io.coral.colony.poll;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;

/// What to do about one epoch of an agent's stream, from what the agent says it has and what is
/// known here. No input or output.
///
/// @param wanted numbers to ask for, which the agent has and this colony does not
/// @param gone numbers that this colony does not have and the agent no longer has, also those that
///     came to their end before it was first asked
/// @param wentBack whether the agent's numbers end before ones that it gave out
record PullPlan(SeqRanges wanted, SeqRanges gone, boolean wentBack) {
  /// @param minSeq the first number that the agent has
  /// @param maxSeq the last one that it gave out; it has none when that is before the first
  /// @param known here
  /// @param elsewhere known to other nodes, who give what they hold and say what is lost
  static PullPlan of(long minSeq, long maxSeq, KnownSeqs known, KnownSeqs elsewhere) {
    long first = Math.clamp(minSeq, 1, Math.max(1, maxSeq + 1));
    SeqRanges all = known.all();
    SeqRanges expired = SeqRanges.of(1, first - 1).minus(elsewhere.all());
    SeqRanges there = SeqRanges.of(first, maxSeq);
    return new PullPlan(there.minus(all), expired.minus(all), all.last() > maxSeq);
  }
}
