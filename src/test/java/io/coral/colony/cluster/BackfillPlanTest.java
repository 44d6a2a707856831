package io.coral.colony.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.StreamEpoch;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BackfillPlanTest {
  private static final StreamEpoch SPANS = new StreamEpoch("spans", 7);

  private static final long INCARNATION = 1;

  private static NodeView node(String name, KnownSeqs known) {
    return new NodeView(
        name,
        "1",
        "",
        INCARNATION,
        0,
        Map.of(
            "a",
            new NodeView.AgentView(
                true, 0, "", Map.of(SPANS, known), Map.of(), Map.of(SPANS, 8L))));
  }

  private static KnownSeqs held(SeqRanges held) {
    return KnownSeqs.NOTHING.plus(KnownSeqs.Why.HELD, held);
  }

  private static List<BackfillPlan.Wanted> plan(
      KnownSeqs own, KnownSeqs theirs, boolean there, boolean owns, boolean pulls) {
    NodeView self = node("n1", own);
    return BackfillPlan.of(
        self,
        List.of(self, node("n2", theirs)),
        there ? Set.of("n1", "n2") : Set.of("n1"),
        (_, _) -> owns,
        (_, _) -> pulls ? 8 : Long.MAX_VALUE);
  }

  private static List<BackfillPlan.Wanted> wanted(SeqRanges seqs) {
    return List.of(new BackfillPlan.Wanted("n2", INCARNATION, "a", SPANS, seqs));
  }

  @Test
  void whatIsLacking_isAskedFor_butNotWhatTheAgentWillGive() {
    KnownSeqs own = held(SeqRanges.of(5, 8));
    KnownSeqs theirs = held(SeqRanges.of(1, 12));
    assertThat(plan(own, theirs, true, true, true)).isEqualTo(wanted(SeqRanges.of(1, 4)));
    assertThat(plan(own, theirs, true, true, false))
        .isEqualTo(wanted(SeqRanges.of(1, 4).plus(9, 12)));
  }

  @Test
  void whatSeemedGone_isAskedFor_andWhatWasDeletedIsNot() {
    KnownSeqs own =
        held(SeqRanges.of(7, 9))
            .plus(KnownSeqs.Why.GONE, SeqRanges.of(4, 6))
            .plus(KnownSeqs.Why.DELETED, SeqRanges.of(1, 3));
    assertThat(plan(own, held(SeqRanges.of(1, 9)), true, true, true))
        .isEqualTo(wanted(SeqRanges.of(4, 6)));
  }

  @Test
  void nodeThatIsNotThere_andAgentsOfOthers_areLeftAlone() {
    KnownSeqs own = held(SeqRanges.of(5, 8));
    KnownSeqs theirs = held(SeqRanges.of(1, 8));
    assertThat(plan(own, theirs, false, true, true)).isEmpty();
    assertThat(plan(own, theirs, true, false, true)).isEmpty();
    assertThat(plan(theirs, own, true, true, true)).isEmpty();
  }
}
