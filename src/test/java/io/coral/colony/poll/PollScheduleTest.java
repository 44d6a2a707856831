package io.coral.colony.poll;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// With time that passes as the test says.
final class PollScheduleTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long TICK = SECOND / 20;

  private static List<String> agents(int count) {
    return IntStream.range(0, count).mapToObj(i -> "agent-" + i).toList();
  }

  @Test
  void everyAgent_isPolledOnceAnInterval_atItsOwnTime() {
    PollSchedule schedule = new PollSchedule(10 * SECOND, 64);
    List<String> agents = agents(1_000);
    Map<String, List<Long>> polls = new HashMap<>();
    int mostAtOnce = 0;
    for (long now = 0; now < 60 * SECOND; now += TICK) {
      List<String> begun = schedule.begin(agents, now);
      mostAtOnce = Math.max(mostAtOnce, begun.size());
      for (String agent : begun) {
        polls.computeIfAbsent(agent, _ -> new ArrayList<>()).add(now);
        schedule.ended(agent, true, now);
      }
    }
    assertThat(polls).hasSize(1_000);
    polls
        .values()
        .forEach(
            times -> {
              assertThat(times).hasSizeBetween(5, 6);
              for (int i = 1; i < times.size(); i++) {
                assertThat(times.get(i) - times.get(i - 1)).isEqualTo(10 * SECOND);
              }
            });
    // 5 a tick if they were spread exactly.
    assertThat(mostAtOnce).isLessThan(25);
  }

  @Test
  void frozenAgents_leaveTheOthersAsTheyAre() {
    PollSchedule schedule = new PollSchedule(SECOND, 16);
    List<String> agents = agents(100);
    Map<String, Long> endOfFrozen = new TreeMap<>();
    Map<String, Long> lastPoll = new HashMap<>();
    long longest = 0;
    int pollsOfFrozen = 0;
    for (long now = 0; now < 120 * SECOND; now += TICK) {
      long present = now;
      endOfFrozen
          .entrySet()
          .removeIf(
              each -> {
                if (each.getValue() <= present) {
                  schedule.ended(each.getKey(), false, present);
                }
                return each.getValue() <= present;
              });
      for (String agent : schedule.begin(agents, now)) {
        if (agent.endsWith("7")) {
          endOfFrozen.put(agent, now + 5 * SECOND);
          pollsOfFrozen++;
        } else {
          longest = Math.max(longest, now - lastPoll.getOrDefault(agent, now));
          lastPoll.put(agent, now);
          schedule.ended(agent, true, now);
        }
      }
    }
    assertThat(lastPoll).hasSize(90);
    assertThat(longest).isLessThanOrEqualTo(SECOND + 2 * TICK);
    // 1, 1, 2, 4, … seconds after 5 s each time.
    assertThat(pollsOfFrozen).isBetween(50, 80);
  }

  @Test
  void agentThatFailed_isNextWhenItComesBack() {
    PollSchedule schedule = new PollSchedule(SECOND, 4);
    List<String> agents = List.of("a");
    long now = 0;
    for (int failures = 0; failures < 30; failures++) {
      while (schedule.begin(agents, now).isEmpty()) {
        now += TICK;
      }
      schedule.ended("a", false, now);
    }
    assertThat(schedule.begin(agents, now + PollSchedule.LONGEST_PAUSE_NANOS - SECOND)).isEmpty();
    schedule.soon("a", now + SECOND);
    assertThat(schedule.begin(agents, now + SECOND)).containsExactly("a");
    schedule.ended("a", true, now + SECOND);
    assertThat(schedule.begin(agents, now + 2 * SECOND + TICK)).containsExactly("a");
  }

  @Test
  void pollUnderWay_isNotBegunAgain_evenIfTheAgentWasGoneMeanwhile() {
    PollSchedule schedule = new PollSchedule(SECOND, 4);
    schedule.soon("a", 0);
    assertThat(schedule.begin(List.of("a"), 0)).containsExactly("a");
    schedule.soon("a", TICK);
    assertThat(schedule.begin(List.of("a"), TICK)).isEmpty();
    assertThat(schedule.begin(List.of(), 2 * TICK)).isEmpty();
    assertThat(schedule.begin(List.of("a"), 10 * SECOND)).isEmpty();
    schedule.ended("a", true, 10 * SECOND);
    assertThat(schedule.begin(List.of("a"), 11 * SECOND + TICK)).containsExactly("a");
  }

  @Test
  void agentThatIsAskedFor_isNextUnlessItWasPolledSince() {
    PollSchedule schedule = new PollSchedule(60 * SECOND, 4);
    List<String> agents = List.of("a");
    schedule.soon("a", 0);
    assertThat(schedule.since("a", 0, 0)).as("never polled").isFalse();
    schedule.begin(agents, 0);
    schedule.ended("a", true, 0);
    assertThat(schedule.since("a", 0, SECOND)).as("polled then").isFalse();
    assertThat(schedule.since("a", SECOND, SECOND)).isTrue();
    assertThat(schedule.begin(agents, SECOND)).containsExactly("a");

    assertThat(schedule.since("a", SECOND, 2 * SECOND)).as("is polled").isTrue();
    schedule.ended("a", true, 2 * SECOND);
    assertThat(schedule.begin(agents, 2 * SECOND)).as("that poll was enough").isEmpty();
  }

  @Test
  void agentThatIsAskedForDuringAnOlderPoll_isPolledOnceMore_unlessThatOneFails() {
    PollSchedule schedule = new PollSchedule(60 * SECOND, 4);
    List<String> agents = List.of("a");
    schedule.soon("a", 0);
    schedule.begin(agents, 0);
    schedule.ended("a", true, 0);
    for (boolean isWell : List.of(true, false)) {
      schedule.soon("a", SECOND);
      schedule.begin(agents, SECOND);
      assertThat(schedule.since("a", 2 * SECOND, 3 * SECOND)).isTrue();
      schedule.ended("a", isWell, 4 * SECOND);
      assertThat(schedule.begin(agents, 4 * SECOND)).isEqualTo(isWell ? agents : List.of());
      if (isWell) {
        schedule.ended("a", true, 4 * SECOND);
      }
    }
    assertThat(schedule.since("a", 9 * SECOND, 9 * SECOND)).as("it does not answer").isFalse();
  }
}
