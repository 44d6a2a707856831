package io.coral.colony.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.storage.HopCandidate;
import io.coral.storage.TraceAlias;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class HostJoinerTest {
  private static final long MILLI = 1_000_000;

  private static UUID trace(int number) {
    return new UUID(0, number);
  }

  private static HopCandidate hop(
      int server, long serverSpan, int client, long clientSpan, boolean sameClient) {
    return new HopCandidate(
        trace(server),
        serverSpan,
        5,
        10 * MILLI,
        trace(client),
        clientSpan,
        12 * MILLI,
        sameClient);
  }

  private static List<TraceAlias> join(List<TraceAlias> known, HopCandidate... candidates) {
    HostJoiner joiner = new HostJoiner(known);
    joiner.join(List.of(candidates));
    return joiner.rows();
  }

  private static TraceAlias alias(int from, int to, long span, long parent) {
    return new TraceAlias(trace(from), trace(to), span, parent, "tcp-seq", 5);
  }

  @Test
  void sameClientAtBothEnds_isTheHop() {
    assertThat(join(List.of(), hop(2, 20, 1, 10, true))).containsExactly(alias(2, 1, 20, 10));
  }

  @Test
  void translatedAddress_oneFits_isTheHop() {
    assertThat(join(List.of(), hop(2, 20, 1, 10, false))).containsExactly(alias(2, 1, 20, 10));
  }

  @Test
  void translatedAddress_twoFit_isNotJoined() {
    assertThat(join(List.of(), hop(2, 20, 1, 10, false), hop(2, 20, 3, 30, false))).isEmpty();
  }

  @Test
  void translatedAddress_serverBusyForLongerThanItsClient_isNotJoined() {
    HopCandidate tooLong =
        new HopCandidate(trace(2), 20, 5, 100 * MILLI, trace(1), 10, 12 * MILLI, false);
    assertThat(join(List.of(), tooLong)).isEmpty();
  }

  @Test
  void oneClient_reachesOneServer() {
    assertThat(join(List.of(), hop(2, 20, 1, 10, true), hop(3, 30, 1, 10, true)))
        .containsExactly(alias(2, 1, 20, 10));
  }

  @Test
  void chainInAnyOrder_leadsToItsFirstTrace() {
    List<HopCandidate> hops =
        new ArrayList<>(List.of(hop(3, 30, 2, 21, true), hop(2, 20, 1, 11, true)));
    for (int order = 0; order < 2; order++) {
      List<TraceAlias> rows = join(List.of(), hops.toArray(HopCandidate[]::new));
      assertThat(end(rows, 3)).isEqualTo(trace(1));
      assertThat(end(rows, 2)).isEqualTo(trace(1));
      assertThat(rows).extracting(TraceAlias::spanId).containsExactlyInAnyOrder(30L, 20L);
      hops = hops.reversed();
    }
  }

  @Test
  void serverWhoseTraceIsPartOfAnother_takesThatWithIt() {
    List<TraceAlias> known = List.of(alias(2, 4, 0, 0));
    List<TraceAlias> rows = new ArrayList<>(known);
    rows.addAll(join(known, hop(2, 20, 1, 10, true)));
    assertThat(end(rows, 4)).isEqualTo(trace(1));
    assertThat(end(rows, 2)).isEqualTo(trace(1));
  }

  @Test
  void bothEndsInOneTrace_onlyTheParentIsSaid() {
    assertThat(join(List.of(), hop(1, 20, 1, 10, true))).containsExactly(alias(1, 1, 20, 10));
  }

  @Test
  void circleInTheRows_ends() {
    List<TraceAlias> circle = List.of(alias(1, 2, 0, 0), alias(2, 1, 0, 0));
    assertThat(join(circle, hop(3, 30, 1, 10, true))).hasSize(1);
  }

  private static UUID end(List<TraceAlias> rows, int number) {
    UUID at = trace(number);
    for (int steps = 0; steps < 10; steps++) {
      for (TraceAlias row : rows) {
        if (row.fromTrace().equals(at) && !row.toTrace().equals(at)) {
          at = row.toTrace();
          break;
        }
      }
    }
    return at;
  }
}
