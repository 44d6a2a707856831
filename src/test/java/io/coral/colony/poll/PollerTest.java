package io.coral.colony.poll;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.colony.cluster.Nodes;
import io.coral.colony.cluster.StaticMembership;
import io.coral.colony.registry.Registry;
import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.storage.KnownSeqs;
import io.coral.storage.LostSeqs;
import io.coral.storage.StreamEpoch;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// One agent that answers at once, with time that passes as the test says.
final class PollerTest {
  private static final long EPOCH = 7;
  private static final String STREAM = StreamSchema.SPANS.name();

  private final List<Long> pulledAfter = new ArrayList<>();
  private SeqRanges atAgent = SeqRanges.of(1, 10);
  private KnownSeqs known = KnownSeqs.NOTHING;
  private long now = 1;
  private boolean isBroken;
  private Poller poller;

  @BeforeEach
  void start() {
    Registry registry = new Registry(Clock.systemUTC(), () -> now, List.of(), _ -> {});
    registry.register(
        RegisterRequest.newBuilder().setAgentId("a").setApiEndpoint("127.0.0.1:9001").build());
    Nodes nodes =
        new Nodes(
            new StaticMembership("n", Set.of("n")),
            1,
            1,
            registry,
            new NothingKnown(),
            "1",
            1,
            () -> now);
    poller =
        new Poller(
            registry,
            nodes,
            new Agent(),
            new Stored(),
            Duration.ofSeconds(10),
            new Figures(),
            () -> now);
  }

  @Test
  void rowsThatAreNotedAsGone_arePulledWhenTheAgentHasThem() {
    known = KnownSeqs.NOTHING.plus(KnownSeqs.Why.GONE, SeqRanges.of(1, 6));
    atAgent = SeqRanges.of(4, 10);
    poller.pollSoon("a");
    assertThat(known.held()).isEqualTo(SeqRanges.of(4, 10));
    assertThat(known.lost()).isEqualTo(SeqRanges.of(1, 3));
  }

  @Test
  void rowsThatTheAgentDoesNotGive_areAskedForOnce() {
    atAgent = SeqRanges.of(1, 3).plus(SeqRanges.of(7, 10));
    poller.pollSoon("a");
    assertThat(known.held()).isEqualTo(atAgent);
    assertThat(known.lost()).isEqualTo(SeqRanges.of(4, 6));
    pulledAfter.clear();
    poller.pollSoon("a");
    assertThat(pulledAfter).isEmpty();
  }

  @Test
  void agentThatIsAskedAbout_isPolledUnlessItWasWithinTheLastSecond() {
    poller.pollSoon("a");
    atAgent = SeqRanges.of(1, 20);
    now += Duration.ofMillis(900).toNanos();
    assertThat(poller.freshen(List.of("a", "stranger")).isComplete()).isTrue();
    assertThat(known.held()).isEqualTo(SeqRanges.of(1, 10));
    now += Duration.ofMillis(200).toNanos();
    assertThat(poller.freshen(List.of("a", "stranger")).isComplete()).isTrue();
    assertThat(known.held()).isEqualTo(SeqRanges.of(1, 20));

    isBroken = true;
    now += Duration.ofSeconds(10).toNanos();
    poller.pollDue();
    assertThat(poller.freshen(List.of("a")).isComplete()).as("does not answer").isTrue();
  }

  private final class Agent implements Poller.Agents {
    @Override
    public Future<ListStreamsResponse> streams(String endpoint, ListStreamsRequest request) {
      if (isBroken) {
        return Future.failedFuture("no answer in time");
      }
      return Future.succeededFuture(
          ListStreamsResponse.newBuilder()
              .addStreams(
                  StreamStatus.newBuilder()
                      .setStream(STREAM)
                      .setEpoch(EPOCH)
                      .setMinSeq(atAgent.ranges().getFirst().from())
                      .setMaxSeq(atAgent.last()))
              .build());
    }

    @Override
    public Future<Void> pull(String endpoint, PullRequest request, Consumer<PullResponse> batches) {
      pulledAfter.add(request.getAfterSeq());
      for (SeqRanges.Range range :
          atAgent.and(SeqRanges.of(request.getAfterSeq() + 1, atAgent.last())).ranges()) {
        batches.accept(
            PullResponse.newBuilder()
                .setStream(STREAM)
                .setEpoch(EPOCH)
                .setFromSeq(range.from())
                .setToSeq(range.to())
                .setRowCount((int) (range.to() - range.from() + 1))
                .build());
      }
      return Future.succeededFuture();
    }
  }

  private final class Stored implements Poller.History {
    @Override
    public KnownSeqs known(String agentId, StreamSchema schema, long epoch) {
      return known;
    }

    @Override
    public Future<?> noteGone(String agentId, StreamSchema schema, long epoch, SeqRanges gone) {
      known = known.plus(KnownSeqs.Why.GONE, gone);
      return Future.succeededFuture();
    }

    @Override
    public Future<Long> append(String agentId, PullResponse rows) {
      SeqRanges numbers = SeqRanges.of(rows.getFromSeq(), rows.getToSeq());
      long more = numbers.minus(known.held()).size();
      known = known.plus(KnownSeqs.Why.HELD, numbers);
      return Future.succeededFuture(more);
    }
  }

  private static final class NothingKnown implements Nodes.Book {
    @Override
    public Map<String, Map<StreamEpoch, KnownSeqs>> seqs() {
      return Map.of();
    }

    @Override
    public Map<String, Map<StreamEpoch, LostSeqs>> lost() {
      return Map.of();
    }
  }
}
