package io.coral.colony.poll;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import org.junit.jupiter.api.Test;

final class PullPlanTest {
  private static final SeqRanges NONE = SeqRanges.NONE;

  private static KnownSeqs held(SeqRanges held) {
    return new KnownSeqs(held, NONE, NONE);
  }

  @Test
  void agentThatIsNew_givesWhatItHas_andWhatItHadIsGone() {
    assertThat(PullPlan.of(5, 9, KnownSeqs.NOTHING, KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(SeqRanges.of(5, 9), SeqRanges.of(1, 4), false));
  }

  @Test
  void whatIsMissing_isAskedFor_orGone() {
    KnownSeqs known = held(SeqRanges.of(1, 10).plus(21, 30));
    assertThat(PullPlan.of(16, 40, known, KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(SeqRanges.of(16, 20).plus(31, 40), SeqRanges.of(11, 15), false));
  }

  @Test
  void whatWasNotedOnce_isNotNotedAgain() {
    KnownSeqs known =
        new KnownSeqs(SeqRanges.of(11, 20), SeqRanges.of(21, 30), SeqRanges.of(1, 10));
    assertThat(PullPlan.of(31, 30, known, KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(NONE, NONE, false));
  }

  @Test
  void whatAnotherNodeHas_isNotGone() {
    assertThat(PullPlan.of(16, 20, KnownSeqs.NOTHING, held(SeqRanges.of(5, 10))))
        .isEqualTo(new PullPlan(SeqRanges.of(16, 20), SeqRanges.of(1, 4).plus(11, 15), false));
  }

  @Test
  void whatAnotherNodeDeleted_orNoted_isNotGoneHere() {
    KnownSeqs elsewhere = new KnownSeqs(NONE, SeqRanges.of(7, 8), SeqRanges.of(1, 5));
    assertThat(PullPlan.of(16, 20, KnownSeqs.NOTHING, elsewhere))
        .isEqualTo(new PullPlan(SeqRanges.of(16, 20), SeqRanges.of(6, 6).plus(9, 15), false));
  }

  @Test
  void agentThatHasNothingLeft_isNotAsked() {
    assertThat(PullPlan.of(8, 7, held(SeqRanges.of(1, 3)), KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(NONE, SeqRanges.of(4, 7), false));
  }

  @Test
  void whatWasDeletedHere_isNotMissing() {
    assertThat(
            PullPlan.of(
                90,
                99,
                new KnownSeqs(SeqRanges.of(50, 99), NONE, SeqRanges.of(1, 60)),
                KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(NONE, NONE, false));
  }

  @Test
  void numbersThatGoBack_areSaid() {
    assertThat(PullPlan.of(1, 5, held(SeqRanges.of(1, 9)), KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(NONE, NONE, true));
  }

  @Test
  void numbersThatLeapAhead_areOneGap() {
    long far = 1L << 40;
    assertThat(PullPlan.of(far, far + 4, held(SeqRanges.of(1, 9)), KnownSeqs.NOTHING))
        .isEqualTo(new PullPlan(SeqRanges.of(far, far + 4), SeqRanges.of(10, far - 1), false));
  }
}
