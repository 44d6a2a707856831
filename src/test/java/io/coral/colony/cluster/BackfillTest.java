package io.coral.colony.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

/// Two nodes, both of which pull the agent.
final class BackfillTest {
  private static final StreamEpoch SPANS = new StreamEpoch("spans", 7);
  private static final String AGENT = "a";
  private static final long FOUND = Duration.ofHours(5).toNanos();

  private final Registry registry = new Registry(Clock.systemUTC(), () -> 1, List.of(), _ -> {});
  private long incarnations;

  private Nodes node(String name, KnownSeqs known, LostSeqs lost) {
    return new Nodes(
        new StaticMembership(name, Set.of("n1", "n2")),
        2,
        2,
        registry,
        new Nodes.Book() {
          @Override
          public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
            return known.all().isEmpty() ? Map.of() : Map.of(AGENT, Map.of(SPANS, known));
          }

          @Override
          public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
            return lost.isEmpty() ? Map.of() : Map.of(AGENT, Map.of(SPANS, lost));
          }
        },
        "1",
        ++incarnations,
        () -> 1);
  }

  private List<Backfill.Note> noted(Nodes node) {
    return new Backfill(
            node,
            registry,
            Duration.ofSeconds(30),
            (_, _, _) -> Future.failedFuture("not asked"),
            (_, _) -> Future.failedFuture("not asked"),
            (_, _, _, _) -> Future.failedFuture("not asked"),
            new LongAdder(),
            () -> 1)
        .look()
        .notes();
  }

  @Test
  void whatAnotherNodeFoundToBeLost_isNotedHere_asFoundThen() {
    Nodes first =
        node(
            "n1",
            KnownSeqs.NOTHING
                .plus(KnownSeqs.Why.HELD, SeqRanges.of(4, 9))
                .plus(KnownSeqs.Why.DELETED, SeqRanges.of(1, 1)),
            LostSeqs.NONE);
    Nodes other =
        node(
            "n2",
            KnownSeqs.NOTHING
                .plus(KnownSeqs.Why.HELD, SeqRanges.of(6, 9))
                .plus(KnownSeqs.Why.GONE, SeqRanges.of(1, 5)),
            LostSeqs.of(SeqRanges.of(1, 5), FOUND));
    first.heard(other.news());
    other.heard(first.news());
    assertThat(noted(first))
        .containsExactly(
            new Backfill.Note(
                AGENT, SPANS, LostSeqs.of(SeqRanges.of(2, 3), FOUND), SeqRanges.NONE));
    assertThat(noted(other)).isEmpty();
  }

  @Test
  void whatAnotherNodeDeleted_isNotedHere() {
    Nodes first = node("n1", KnownSeqs.NOTHING, LostSeqs.NONE);
    KnownSeqs deleted = KnownSeqs.NOTHING.plus(KnownSeqs.Why.DELETED, SeqRanges.of(1, 9));
    first.heard(node("n2", deleted, LostSeqs.NONE).news());
    assertThat(noted(first))
        .containsExactly(new Backfill.Note(AGENT, SPANS, LostSeqs.NONE, SeqRanges.of(1, 9)));
  }
}
