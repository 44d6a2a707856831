package io.coral.colony.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.rpc.colony.v1.EpochSeqs;
import io.coral.rpc.colony.v1.NodeNews;
import io.coral.rpc.colony.v1.PartResponse;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.storage.ColonyStore;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/// With time that passes as the test says.
final class NodesTest {
  private static final StreamEpoch SPANS = new StreamEpoch("spans", 7);
  private static final String AGENT = "a";
  private static final Set<String> MEMBERS = Set.of("n1", "n2", "n3");

  private long now = 1_000_000;
  private long incarnations;

  private Nodes node(String name, SeqRanges held) {
    return node(name, held, SeqRanges.NONE);
  }

  private Registry registry(List<ColonyStore.KnownAgent> known) {
    return new Registry(Clock.systemUTC(), () -> now, known, _ -> {});
  }

  private Nodes node(String name, Supplier<SeqRanges> held, Registry registry) {
    return new Nodes(
        new StaticMembership(name, MEMBERS),
        MEMBERS.size(),
        2,
        registry,
        new Nodes.Book() {
          @Override
          public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
            return Map.of(
                AGENT, Map.of(SPANS, KnownSeqs.NOTHING.plus(KnownSeqs.Why.HELD, held.get())));
          }

          @Override
          public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
            return Map.of();
          }
        },
        "1",
        ++incarnations,
        () -> now);
  }

  private Nodes node(String name, SeqRanges held, SeqRanges lost) {
    return node(name, held, lost, registry(List.of()));
  }

  private Nodes node(String name, SeqRanges held, SeqRanges lost, Registry registry) {
    return node(name, held, LostSeqs.atAnyTime(lost), MEMBERS, registry);
  }

  private Nodes node(
      String name, SeqRanges held, LostSeqs lost, Set<String> members, Registry registry) {
    Map<String, Map<StreamEpoch, KnownSeqs>> seqs =
        held.isEmpty()
            ? Map.of()
            : Map.of(
                AGENT,
                Map.of(
                    SPANS,
                    KnownSeqs.NOTHING
                        .plus(KnownSeqs.Why.HELD, held)
                        .plus(KnownSeqs.Why.GONE, lost.all())));
    return new Nodes(
        new StaticMembership(name, members),
        MEMBERS.size(),
        2,
        registry,
        new Nodes.Book() {
          @Override
          public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
            return seqs;
          }

          @Override
          public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
            return lost.isEmpty() ? Map.of() : Map.of(AGENT, Map.of(SPANS, lost));
          }
        },
        "1",
        ++incarnations,
        () -> now);
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  private static SeqRanges heldByOthers(Nodes node) {
    return node.knownToOthers(AGENT, SPANS).held();
  }

  @Test
  void nodeThatStarts_pollsWhenTheOthersHaveTold_orDoNotInTime() {
    Nodes node = node("n1", SeqRanges.NONE);
    assertThat(node.haveTold()).isFalse();
    node.heard(node("n2", SeqRanges.NONE).news());
    assertThat(node.haveTold()).isFalse();
    node.heard(node("n3", SeqRanges.NONE).news());
    assertThat(node.haveTold()).isTrue();

    Nodes alone = node("n1", SeqRanges.NONE);
    pass(Duration.ofSeconds(15));
    assertThat(alone.haveTold()).isTrue();
  }

  @Test
  void nodeThatIsNotHeard_isKnownFromOthers() {
    Nodes second = node("n2", SeqRanges.NONE);
    second.heard(node("n3", SeqRanges.of(1, 9)).news());
    Nodes first = node("n1", SeqRanges.NONE);
    first.heard(second.news());
    assertThat(first.cover().unknown()).containsExactly("n3 has not told yet what it has");

    pass(Duration.ofMinutes(1));
    second.heard(first.news());
    first.heard(second.news());
    assertThat(first.there()).containsExactlyInAnyOrder("n1", "n2");
    assertThat(heldByOthers(first)).isEqualTo(SeqRanges.of(1, 9));
    pass(Duration.ofSeconds(1));
    assertThat(first.cover().agents().values())
        .singleElement()
        .satisfies(
            choice -> {
              assertThat(choice.missing()).isEqualTo(Map.of("spans", 9L));
              assertThat(choice.holders()).containsExactly("n3");
            });
  }

  @Test
  void newsThatAreOvertaken_changeNothing() {
    Nodes first = node("n1", SeqRanges.NONE);
    NodeNews ofEarlierStart = node("n2", SeqRanges.of(1, 5)).news();
    Nodes second = node("n2", SeqRanges.of(1, 9));
    NodeNews older = second.news();
    NodeNews newer = second.news();
    assertThat(first.heard(ofEarlierStart)).isTrue();
    assertThat(first.heard(newer)).isTrue();
    assertThat(first.heard(older)).isFalse();
    assertThat(first.heard(ofEarlierStart)).isFalse();
    assertThat(heldByOthers(first)).isEqualTo(SeqRanges.of(1, 9));
  }

  /// The third does not hear the first, so that the first's news seem to be older than they are.
  @Test
  void whatIsTold_isNotTakenBackByWhatAnotherHeardBefore() {
    Registry registry = registry(List.of());
    SeqRanges[] held = {SeqRanges.of(1, 5)};
    Nodes first = node("n1", () -> held[0], registry);
    Nodes second = node("n2", SeqRanges.NONE);
    Nodes third = node("n3", SeqRanges.NONE);
    third.heard(first.news());
    pass(Duration.ofSeconds(1));
    second.heard(third.news());
    first.heard(second.news());
    second.heard(first.news());
    held[0] = SeqRanges.of(1, 9);
    third.heard(first.news());
    assertThat(heldByOthers(third)).isEqualTo(SeqRanges.of(1, 9));
    pass(Duration.ofMinutes(1));
    third.heard(second.news());
    assertThat(heldByOthers(third)).isEqualTo(SeqRanges.of(1, 9));
  }

  @Test
  void newsThatLaySomewhere_areAsOldAsWhatTheyAnswer() {
    Nodes first = node("n1", SeqRanges.NONE);
    Nodes second = node("n2", SeqRanges.of(1, 9));
    first.heard(second.news());
    second.heard(first.news());
    NodeNews late = second.news();
    pass(Duration.ofMinutes(1));
    first.heard(late);
    assertThat(first.there()).containsExactly("n1");
    second.heard(first.news());
    first.heard(second.news());
    assertThat(first.there()).containsExactlyInAnyOrder("n1", "n2");
  }

  @Test
  void newsOfANodeThatHasNotHeardThisOne_areAsOldAsItsStart() {
    Nodes first = node("n1", SeqRanges.NONE);
    NodeNews late = node("n2", SeqRanges.of(1, 9)).news();
    pass(Duration.ofMinutes(1));
    first.heard(late);
    assertThat(first.there()).containsExactly("n1");
    assertThat(first.hearsAll()).isFalse();
    assertThat(heldByOthers(first)).isEqualTo(SeqRanges.of(1, 9));
  }

  @Test
  void whatANodeSaidToBeLost_isSaidWhenItsDiskIsLost_unlessAnotherHasIt() {
    Nodes first = node("n1", SeqRanges.of(1, 3));
    first.heard(node("n3", SeqRanges.of(9, 9)).news());
    first.heard(node("n2", SeqRanges.of(1, 5), SeqRanges.of(6, 9)).news());
    first.heard(node("n2", SeqRanges.NONE).news());
    assertThat(first.lostWithDisks(first.views()))
        .isEqualTo(Map.of(AGENT, Map.of(SPANS, SeqRanges.of(4, 8))));
  }

  @Test
  void whatWentWithADisk_isLost_unlessAnotherHasIt() {
    Nodes first = node("n1", SeqRanges.of(1, 3));
    first.heard(node("n2", SeqRanges.of(1, 9)).news());
    first.heard(node("n3", SeqRanges.of(4, 6)).news());
    assertThat(first.lostWithDisks(first.views())).isEmpty();
    first.heard(node("n2", SeqRanges.NONE).news());
    assertThat(first.lostWithDisks(first.views()))
        .isEqualTo(Map.of(AGENT, Map.of(SPANS, SeqRanges.of(7, 9))));
  }

  @Test
  void whatWentWithADisk_isSaid_whenNoNodeKnowsOfTheAgent() {
    Nodes first = node("n1", SeqRanges.NONE);
    first.heard(node("n2", SeqRanges.of(1, 9)).news());
    first.heard(node("n2", SeqRanges.NONE).news());
    assertThat(first.cover().agents().get(AGENT))
        .satisfies(
            choice ->
                assertThat(choice.gone())
                    .isEqualTo(Map.of("spans", Map.of(LostSeqs.ANY_TIME, 9L))));
  }

  @Test
  void whatWasJustHeard_countsInTheNextAnswer() {
    Nodes first = node("n1", SeqRanges.NONE);
    first.heard(node("n2", SeqRanges.NONE).news());
    assertThat(first.cover().agents()).isEmpty();
    first.heard(node("n3", SeqRanges.of(1, 9)).news());
    assertThat(first.cover().agents().get(AGENT)).extracting(Cover.Choice::node).isEqualTo("n3");
  }

  @Test
  void nodesOfWhichNobodyIsThereToTell_areSaidToBeUnknown() {
    Registry registry = registry(List.of());
    Nodes alone = node("n1", SeqRanges.NONE, LostSeqs.NONE, Set.of("n1"), registry);
    assertThat(alone.cover().unknown())
        .containsExactly("n1 has heard of 1 of 3 nodes since its start");
    Nodes one = node("n1", SeqRanges.NONE, LostSeqs.NONE, Set.of("n1", "n2"), registry);
    Nodes other = node("n2", SeqRanges.NONE, LostSeqs.NONE, Set.of("n1", "n2"), registry);
    other.heard(one.news());
    one.heard(other.news());
    assertThat(one.cover().unknown())
        .containsExactly("n1 has heard of 2 of 3 nodes since its start");
  }

  @Test
  void whatWasLost_isSaidOfQuestionsThatReachSoFarBack() {
    long found = Duration.ofHours(1).toNanos();
    String lost = "5 rows of spans expired at agent a, and no node has them";
    assertThat(gaps(found, 0)).contains(lost);
    assertThat(gaps(found, found)).contains(lost);
    assertThat(gaps(found, found + 1)).doesNotContain(lost);
    assertThat(gaps(LostSeqs.ANY_TIME, found))
        .contains("5 rows of spans of agent a went with the disk of a node");
  }

  /// What is said of five rows that were lost.
  private List<String> gaps(long found, long askedSince) {
    Registry registry = registry(List.of());
    registry.register(
        RegisterRequest.newBuilder().setAgentId(AGENT).setDisplayName("host-a").build());
    LostSeqs lost = LostSeqs.of(SeqRanges.of(1, 5), found);
    return new Scatter(
            node("n1", SeqRanges.of(6, 9), lost, Set.of("n1"), registry),
            _ -> PartResponse.getDefaultInstance(),
            (_, _, _) -> new CompletableFuture<>(),
            Duration.ofSeconds(30),
            registry::displayName,
            () -> now,
            Scatter::block)
        .completeness(askedSince, 0)
        .getGapsList();
  }

  @Test
  void streamsOfANewerVersion_areNotAskedFor() {
    Nodes first = node("n1", SeqRanges.NONE);
    NodeNews.Builder news = node("n2", SeqRanges.of(1, 9)).news().toBuilder();
    news.getAgentsBuilder(0)
        .addSeqs(
            EpochSeqs.newBuilder()
                .setStream("of_tomorrow")
                .setEpoch(7)
                .addAllHeld(List.of(1L, 5L)));
    first.heard(news.build());
    assertThat(heldByOthers(first)).isEqualTo(SeqRanges.of(1, 9));
    assertThat(first.views())
        .flatExtracting(view -> view.agent(AGENT).seqs().keySet())
        .containsExactly(SPANS);
  }

  /// Its answers would lack rows of which only the others know that it had them.
  @Test
  void nodeThatLostItsDisk_knowsLessThanOthers_untilTheyHeardIt() {
    Nodes third = node("n3", SeqRanges.NONE);
    third.heard(node("n2", SeqRanges.of(1, 9)).news());
    NodeNews before = third.news();
    Nodes second = node("n2", SeqRanges.NONE);
    second.heard(node("n1", SeqRanges.NONE).news());
    second.heard(before);
    assertThat(second.cover().unknown()).containsExactly("n3 has not told yet what it has");

    third.heard(second.news());
    second.heard(third.news());
    pass(Duration.ofSeconds(1));
    assertThat(second.cover().unknown()).isEmpty();
    assertThat(second.knownToOthers(AGENT, SPANS).gone()).isEqualTo(SeqRanges.of(1, 9));
  }

  @Test
  void nodeThatLostItsDisk_andIsNotHeard_isToldWhatItHad() {
    Nodes third = node("n3", SeqRanges.NONE);
    third.heard(node("n2", SeqRanges.of(1, 9)).news());
    Nodes second = node("n2", SeqRanges.of(1, 4));
    second.heard(node("n1", SeqRanges.NONE).news());
    pass(Duration.ofMinutes(1));
    second.heard(third.news());
    assertThat(second.cover().unknown()).isEmpty();
    assertThat(second.lostWithDisks(second.views()))
        .isEqualTo(Map.of(AGENT, Map.of(SPANS, SeqRanges.of(5, 9))));
  }
}
