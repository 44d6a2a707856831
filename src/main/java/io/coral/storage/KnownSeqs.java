package io.coral.storage;

import io.coral.model.SeqRanges;

/// What a colony knows of the numbers of one epoch of an agent's stream.
///
/// @param held whose rows it stored, or chose not to keep
/// @param gone that the agent no longer had when it was asked
/// @param deleted whose time here is over
public record KnownSeqs(SeqRanges held, SeqRanges gone, SeqRanges deleted) {
  /// Of an epoch that was never heard of.
  public static final KnownSeqs NOTHING =
      new KnownSeqs(SeqRanges.NONE, SeqRanges.NONE, SeqRanges.NONE);

  /// Why a number is known.
  public enum Why {
    HELD,
    GONE,
    DELETED
  }

  /// Every number of which something is known.
  public SeqRanges all() {
    return held.plus(gone).plus(deleted);
  }

  /// The numbers whose rows are lost to this colony.
  public SeqRanges lost() {
    return gone.minus(held);
  }

  /// What two nodes know together.
  public KnownSeqs plus(KnownSeqs other) {
    return new KnownSeqs(held.plus(other.held), gone.plus(other.gone), deleted.plus(other.deleted));
  }

  /// What was deleted is no longer held.
  public KnownSeqs withoutDeleted() {
    return new KnownSeqs(held.minus(deleted), gone, deleted);
  }

  /// With more numbers. What is held is not deleted: it came again, or late.
  public KnownSeqs plus(Why why, SeqRanges more) {
    return switch (why) {
      case HELD -> new KnownSeqs(held.plus(more), gone, deleted.minus(more));
      case GONE -> new KnownSeqs(held, gone.plus(more), deleted);
      case DELETED -> new KnownSeqs(held, gone, deleted.plus(more.minus(held)));
    };
  }

  /// With fewer.
  KnownSeqs minus(Why why, SeqRanges fewer) {
    return switch (why) {
      case HELD -> new KnownSeqs(held.minus(fewer), gone, deleted);
      case GONE -> new KnownSeqs(held, gone.minus(fewer), deleted);
      case DELETED -> new KnownSeqs(held, gone, deleted.minus(fewer));
    };
  }
}
