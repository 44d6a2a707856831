package io.coral.agent.trace;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ThreadHistoryTest {
  private final ThreadHistory history = new ThreadHistory();

  @Test
  void requestsInOrder_areSure() {
    history.ended(1, 100, 0);
    history.ended(2, 200, 0);
    assertThat(history.isSure(2)).isTrue();
    assertThat(history.earlierEnd(2)).isEqualTo(100);
    assertThat(history.earlierEnd(1)).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void requestStillOpen_makesLaterOnesUnsure() {
    history.ended(1, 100, 0);
    history.ended(3, 300, 0);
    assertThat(history.isSure(3)).isFalse();
    history.ended(2, 900, 0);
    assertThat(history.isSure(3)).isTrue();
    assertThat(history.earlierEnd(3)).isEqualTo(900);
  }

  @Test
  void firstSeenIsNotTheFirstRead_waitsForThoseBefore() {
    history.ended(2, 200, 0);
    assertThat(history.isSure(2)).isFalse();
    history.ended(1, 100, 0);
    assertThat(history.isSure(2)).isTrue();
  }

  @Test
  void threadIdUsedAgain_beginsAnew() {
    for (int order = 1; order <= 10; order++) {
      history.ended(order, order, 0);
    }
    history.ended(1, 1000, 0);
    assertThat(history.earlierEnd(2)).isEqualTo(1000);
    assertThat(history.isSure(2)).isTrue();
  }

  @Test
  void missingForLong_isSkippedWhenRecordsWereLost() {
    history.ended(1, 100, 0);
    history.ended(3, 300, 50);
    history.skipMissing(49);
    assertThat(history.isSure(3)).isFalse();
    history.skipMissing(50);
    assertThat(history.isSure(3)).isTrue();
  }

  @Test
  void manyRequests_areBoundedAndKeepTheLatestEnd() {
    history.ended(1, 1_000_000, 0);
    for (int order = 2; order <= 10_000; order++) {
      history.ended(order, order, 0);
    }
    assertThat(history.earlierEnd(9_000)).isEqualTo(1_000_000);
    assertThat(history.isSure(10_000)).isTrue();
  }
}
