package io.coral.storage;

import io.coral.model.SeqRanges;

/// What a colony knows of the numbers of one epoch of an agent's stream.
///
/// @param held whose rows it stored, or chose not to keep
/// @param gone that the agent no longer had when it was asked
/// @param before that are no part of the history: the agent gave them to nobody, or their time here
///     is over
public record KnownSeqs(SeqRanges held, SeqRanges gone, SeqRanges before) {
  /// Of an epoch that was never heard of.
  public static final KnownSeqs NOTHING =
      new KnownSeqs(SeqRanges.NONE, SeqRanges.NONE, SeqRanges.NONE);

  /// Why a number is known; the codes are stored.
  public enum Why {
    HELD,
    GONE,
    BEFORE
  }

  /// Every number of which something is known.
  public SeqRanges all() {
    return held.plus(gone).plus(before);
  }

  /// The numbers whose rows are lost to this colony.
  public SeqRanges lost() {
    return gone.minus(held);
  }

  /// With more numbers.
  public KnownSeqs plus(Why why, SeqRanges more) {
    return switch (why) {
      case HELD -> new KnownSeqs(held.plus(more), gone, before);
      case GONE -> new KnownSeqs(held, gone.plus(more), before);
      case BEFORE -> new KnownSeqs(held, gone, before.plus(more));
    };
  }
}
