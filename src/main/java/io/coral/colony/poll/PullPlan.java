package io.coral.colony.poll;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;

/// What to do about one epoch of an agent's stream, from what the agent says it has and what is
/// known here. No input or output.
///
/// @param wanted numbers to ask for, which the agent has and this colony does not
/// @param gone numbers that this colony does not have and the agent no longer has
/// @param before numbers that came to their end before anybody asked this agent for the first time
/// @param wentBack whether the agent's numbers end before ones that it gave out
record PullPlan(SeqRanges wanted, SeqRanges gone, SeqRanges before, boolean wentBack) {
  /// @param minSeq the first number that the agent has
  /// @param maxSeq the last one that it gave out; it has none when that is before the first
  /// @param known here
  /// @param elsewhere known to other nodes, who give what they hold and say what is lost
  /// @param knowsAgent whether rows of this agent came before, of whatever stream and epoch, to
  ///     whatever node
  static PullPlan of(
      long minSeq, long maxSeq, KnownSeqs known, KnownSeqs elsewhere, boolean knowsAgent) {
    long first = Math.clamp(minSeq, 1, Math.max(1, maxSeq + 1));
    SeqRanges all = known.all();
    SeqRanges expired = SeqRanges.of(1, first - 1).minus(elsewhere.all());
    SeqRanges there = SeqRanges.of(first, maxSeq);
    if (all.isEmpty()) {
      boolean isFirst = !knowsAgent && elsewhere.all().isEmpty();
      return new PullPlan(
          there, isFirst ? SeqRanges.NONE : expired, isFirst ? expired : SeqRanges.NONE, false);
    }
    SeqRanges missing = SeqRanges.of(1, maxSeq).minus(all);
    return new PullPlan(
        missing.and(there), missing.and(expired), SeqRanges.NONE, all.last() > maxSeq);
  }
}
