package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Every row that was ever committed, by whom and when; and which were rightly deleted.
final class SimLedger {
  private final Map<Log, Rows> logs = new TreeMap<>();

  /// An epoch of a stream of an agent.
  record Log(String agentId, String stream, long epoch) implements Comparable<Log> {
    @Override
    public int compareTo(Log other) {
      int byAgent = agentId.compareTo(other.agentId);
      int byStream = byAgent != 0 ? byAgent : stream.compareTo(other.stream);
      return byStream != 0 ? byStream : Long.compare(epoch, other.epoch);
    }
  }

  private record Commit(long time, long last) {}

  /// What is known of the rows of a log.
  static final class Rows {
    private final List<Commit> commits = new ArrayList<>();

    /// Past their retention at some node, and those before them.
    SeqRanges deleted = SeqRanges.NONE;

    /// Those of them that it had.
    SeqRanges expired = SeqRanges.NONE;

    /// Whether who numbered them lost its disk.
    boolean lostAtSource;

    long last() {
      return commits.isEmpty() ? 0 : commits.getLast().last;
    }

    /// The last number that was committed before a time.
    long lastBefore(long time) {
      int low = 0;
      int high = commits.size();
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (commits.get(middle).time < time) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low == 0 ? 0 : commits.get(low - 1).last;
    }

    /// When a number was committed.
    long timeOf(long seq) {
      int low = 0;
      int high = commits.size() - 1;
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (commits.get(middle).last < seq) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return commits.isEmpty() ? 0 : commits.get(low).time;
    }
  }

  Rows rows(Log log) {
    return logs.computeIfAbsent(log, _ -> new Rows());
  }

  Map<Log, Rows> all() {
    return logs;
  }

  void committed(Log log, long last, long time) {
    rows(log).commits.add(new Commit(time, last));
  }

  void deleted(Log log, SeqRanges seqs, SeqRanges stored) {
    Rows rows = rows(log);
    rows.expired = rows.expired.plus(stored);
    rows.deleted = rows.deleted.plus(seqs);
  }
}
