package io.coral.colony.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class CoverTest {
  private static final StreamEpoch SPANS = new StreamEpoch("spans", 7);
  private static final String AGENT = "a";
  private static final int REPLICAS = 2;
  private static final long INCARNATION = 1;

  private static NodeView node(String name, boolean drained, SeqRanges held) {
    return node(name, drained, KnownSeqs.NOTHING.plus(KnownSeqs.Why.HELD, held));
  }

  private static NodeView node(String name, boolean drained, KnownSeqs known) {
    return node(name, drained, known, LostSeqs.NONE, Map.of(SPANS, known.all().last()));
  }

  private static NodeView node(
      String name, boolean drained, KnownSeqs known, LostSeqs lost, Map<StreamEpoch, Long> open) {
    return new NodeView(
        name,
        "1",
        "",
        INCARNATION,
        0,
        Map.of(
            AGENT,
            new NodeView.AgentView(
                drained, 0, "", Map.of(SPANS, known), Map.of(SPANS, lost), open)));
  }

  private static Cover.Choice choice(Set<String> there, NodeView... views) {
    return only(Cover.of(List.of(AGENT), List.of(views), there, REPLICAS, Map.of()));
  }

  private static Cover.Choice only(Cover cover) {
    return List.copyOf(cover.agents().values()).getFirst();
  }

  @Test
  void nodeThatHasMore_answers() {
    Cover cover =
        Cover.of(
            List.of(AGENT),
            List.of(node("n1", true, SeqRanges.of(1, 5)), node("n2", true, SeqRanges.of(1, 9))),
            Set.of("n1", "n2"),
            REPLICAS,
            Map.of());
    assertThat(cover.nodes()).isEqualTo(Map.of("n2", Set.of(AGENT)));
    assertThat(only(cover).missing()).isEmpty();
  }

  @Test
  void whatCameAfterThePollOfTheNodeThatAnswers_isNoHole() {
    assertThat(
            choice(
                    Set.of("n1"),
                    node("n1", true, SeqRanges.of(1, 5)),
                    node("n2", true, SeqRanges.of(1, 9)))
                .missing())
        .isEmpty();
  }

  @Test
  void whatOnlyANodeHasThatIsNotThere_isAHole() {
    Cover.Choice choice =
        choice(
            Set.of("n1"),
            node("n1", true, SeqRanges.of(6, 9)),
            node("n2", true, SeqRanges.of(1, 7)));
    assertThat(choice.missing()).isEqualTo(Map.of("spans", 5L));
    assertThat(choice.holders()).containsExactly("n2");
  }

  @Test
  void nodeThatNeverDrainedTheAgent_missesAllThatOthersHave() {
    Cover.Choice choice =
        choice(
            Set.of("n1"),
            node("n1", false, SeqRanges.of(1, 5)),
            node("n2", true, SeqRanges.of(1, 9)));
    assertThat(choice.missing()).isEqualTo(Map.of("spans", 4L));
  }

  @Test
  void whatWasDeletedHere_isNoHole() {
    KnownSeqs known =
        KnownSeqs.NOTHING
            .plus(KnownSeqs.Why.HELD, SeqRanges.of(6, 9))
            .plus(KnownSeqs.Why.DELETED, SeqRanges.of(1, 5));
    assertThat(
            choice(Set.of("n1"), node("n1", true, known), node("n2", true, SeqRanges.of(1, 9)))
                .missing())
        .isEmpty();
  }

  @Test
  void agentThatNobodyHasHeardOf_isLeftToItsOwner_andSilent() {
    Cover.Choice choice = choice(Set.of("n1"), new NodeView("n1", "1", "", 1, 0, Map.of()));
    assertThat(choice.node()).isEqualTo("n1");
    assertThat(choice.drained()).isFalse();
  }

  @Test
  void insteadOfASlowNode_thoseAreAskedThatHaveAsMuch() {
    List<NodeView> views =
        new ArrayList<>(
            List.of(node("n1", true, SeqRanges.of(1, 9)), node("n2", true, SeqRanges.of(1, 9))));
    Set<String> there = Set.of("n1", "n2");
    Cover cover = Cover.of(List.of(AGENT), views, there, REPLICAS, Map.of());
    String first = cover.nodes().keySet().iterator().next();
    String second = first.equals("n1") ? "n2" : "n1";
    assertThat(Cover.instead(cover, first, views, there, REPLICAS, Map.of()).nodes())
        .isEqualTo(Map.of(second, Set.of(AGENT)));
    assertThat(Cover.instead(cover, first, views, Set.of(first), REPLICAS, Map.of()))
        .isEqualTo(Cover.NOBODY);

    views.replaceAll(
        view -> view.node().equals(second) ? node(second, true, SeqRanges.of(4, 9)) : view);
    assertThat(Cover.instead(cover, first, views, there, REPLICAS, Map.of()))
        .isEqualTo(Cover.NOBODY);
  }

  @Test
  void endOfAnEpochThatGetsNoNewRows_isAHole_howeverFarTheNodeThatAnswersGot() {
    KnownSeqs half = KnownSeqs.NOTHING.plus(KnownSeqs.Why.HELD, SeqRanges.of(1, 5));
    Cover.Choice choice =
        choice(
            Set.of("n1"),
            node("n1", true, half, LostSeqs.NONE, Map.of()),
            node("n2", true, SeqRanges.of(1, 9)));
    assertThat(choice.missing()).isEqualTo(Map.of("spans", 4L));
  }

  @Test
  void whatWasNumberedBeforeThePoll_isAHole_whereTheAgentNoLongerHadIt() {
    KnownSeqs half = KnownSeqs.NOTHING.plus(KnownSeqs.Why.HELD, SeqRanges.of(1, 5));
    Cover.Choice choice =
        choice(
            Set.of("n1"),
            node("n1", true, half, LostSeqs.NONE, Map.of(SPANS, 7L)),
            node("n2", true, SeqRanges.of(1, 9)));
    assertThat(choice.missing()).isEqualTo(Map.of("spans", 2L));
  }

  @Test
  void whatOneNodeLost_isLost_unlessAnotherHasOrDeletedIt() {
    KnownSeqs other =
        KnownSeqs.NOTHING
            .plus(KnownSeqs.Why.HELD, SeqRanges.of(3, 9))
            .plus(KnownSeqs.Why.DELETED, SeqRanges.of(1, 1));
    KnownSeqs lossy =
        KnownSeqs.NOTHING
            .plus(KnownSeqs.Why.HELD, SeqRanges.of(6, 9))
            .plus(KnownSeqs.Why.GONE, SeqRanges.of(1, 5));
    assertThat(
            choice(
                    Set.of("n1", "n2"),
                    node("n1", true, other),
                    node("n2", true, lossy, LostSeqs.of(SeqRanges.of(1, 5), 0), Map.of(SPANS, 9L)))
                .gone())
        .isEqualTo(Map.of("spans", Map.of(0L, 1L)));
  }

  @Test
  void whatTwoNodesLost_countsOnce_asLateAsItWasFound() {
    long later = Duration.ofHours(1).toNanos();
    KnownSeqs known =
        KnownSeqs.NOTHING
            .plus(KnownSeqs.Why.HELD, SeqRanges.of(6, 9))
            .plus(KnownSeqs.Why.GONE, SeqRanges.of(1, 5));
    Map<StreamEpoch, Long> open = Map.of(SPANS, 9L);
    assertThat(
            choice(
                    Set.of("n1", "n2"),
                    node("n1", true, known, LostSeqs.of(SeqRanges.of(1, 5), 0), open),
                    node("n2", true, known, LostSeqs.of(SeqRanges.of(4, 5), later), open))
                .gone())
        .isEqualTo(Map.of("spans", Map.of(0L, 3L, later, 2L)));
  }

  @Test
  void holeOfWhichNoNodeKnows_isSaid() {
    assertThat(choice(Set.of("n1"), node("n1", true, SeqRanges.of(1, 5).plus(8, 9))).gone())
        .isEqualTo(Map.of("spans", Map.of(LostSeqs.ANY_TIME, 2L)));
  }

  @Test
  void nodeThatIsAsked_isTheOneThatTold() {
    Cover cover =
        Cover.of(
            List.of(AGENT),
            List.of(node("n1", true, SeqRanges.of(1, 5))),
            Set.of("n1"),
            REPLICAS,
            Map.of());
    assertThat(cover.incarnations()).isEqualTo(Map.of("n1", INCARNATION));
  }
}
