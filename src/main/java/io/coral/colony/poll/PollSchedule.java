package io.coral.colony.poll;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// When each agent is polled. Every agent has a place of its own in the interval, so that they do
/// not come all at once; of those whose turn it is the one that waits longest comes first, and only
/// so many are under way at a time. One that fails is left alone for twice as long each time, up to
/// five minutes, until it comes back.
///
/// No clock, no input or output: time is what the caller says, in monotonic nanoseconds. One
/// thread.
final class PollSchedule {
  static final long LONGEST_PAUSE_NANOS = 300_000_000_000L;

  private final long interval;
  private final int mostAtOnce;
  private final Map<String, Turn> turns = new HashMap<>();
  private int underWay;

  private static final class Turn {
    private long next;
    private long began;
    private int failures;
    private boolean underWay;
    private boolean wasWell;
    private boolean again;

    Turn(long next) {
      this.next = next;
    }
  }

  /// @param intervalNanos > 0
  /// @param mostAtOnce polls under way, ≥ 1
  PollSchedule(long intervalNanos, int mostAtOnce) {
    this.interval = intervalNanos;
    this.mostAtOnce = mostAtOnce;
  }

  /// The agents to poll now, which are under way until [#ended].
  ///
  /// @param agents all that are worth asking; others are forgotten
  List<String> begin(Collection<String> agents, long now) {
    Set<String> asked = new HashSet<>(agents);
    turns.entrySet().removeIf(each -> !each.getValue().underWay && !asked.contains(each.getKey()));
    List<String> due = new ArrayList<>();
    for (String agent : agents) {
      Turn turn = turns.computeIfAbsent(agent, id -> new Turn(slotAfter(id, now)));
      if (!turn.underWay && turn.next <= now) {
        due.add(agent);
      }
    }
    due.sort(Comparator.comparingLong(agent -> turn(agent).next));
    List<String> begun = due.subList(0, Math.min(due.size(), Math.max(0, mostAtOnce - underWay)));
    begun.forEach(
        agent -> {
          turn(agent).underWay = true;
          turn(agent).began = now;
          underWay++;
        });
    return List.copyOf(begun);
  }

  /// The agent came or came back: it is next.
  void soon(String agent, long now) {
    Turn turn = turns.computeIfAbsent(agent, _ -> new Turn(now));
    turn.failures = 0;
    turn.next = Math.min(turn.next, now);
  }

  /// The agent is next, if its last poll ended well and the last that began did so before a time;
  /// a poll that is under way is followed by another.
  ///
  /// @return whether there is a poll to wait for, which then began at that time or later
  boolean since(String agent, long time, long now) {
    Turn turn = turns.get(agent);
    if (turn == null || !turn.wasWell || (!turn.underWay && turn.began - time >= 0)) {
      return false;
    }
    if (!turn.underWay) {
      turn.next = Math.min(turn.next, now);
    } else if (turn.began - time < 0) {
      turn.again = true;
    }
    return true;
  }

  /// A poll that had begun has ended.
  void ended(String agent, boolean well, long now) {
    underWay--;
    Turn turn = turns.get(agent);
    if (turn == null) {
      return;
    }
    turn.underWay = false;
    turn.wasWell = well;
    turn.failures = well ? 0 : turn.failures + 1;
    long pause =
        turn.failures < 2
            ? 0
            : Math.min(LONGEST_PAUSE_NANOS, interval << Math.min(20, turn.failures - 1));
    turn.next = well && turn.again ? now : slotAfter(agent, now + pause);
    turn.again = false;
  }

  private Turn turn(String agent) {
    Turn turn = turns.get(agent);
    if (turn == null) {
      throw new IllegalArgumentException("agent: " + agent);
    }
    return turn;
  }

  private long slotAfter(String agent, long now) {
    long mixed = agent.hashCode() * 0x9E3779B97F4A7C15L;
    long slot = Math.floorMod(mixed ^ mixed >>> 32, interval);
    return now + interval - Math.floorMod(now - slot, interval);
  }
}
