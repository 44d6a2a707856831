package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.storage.ColonyStore;
import io.coral.storage.KnownSeqs;
import io.coral.storage.SeqNotes;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/// What a node's transactions left on its disk: a file per stream and day of the pull, each with
/// rows and what is noted of numbers.
final class SimDisk {
  final Map<String, TreeMap<Long, File>> files = new TreeMap<>();
  final Map<String, ColonyStore.KnownAgent> agents = new TreeMap<>();
  final long ownEpoch;

  /// Rows that were stored though they were there.
  long repeated;

  SimDisk(long ownEpoch) {
    this.ownEpoch = ownEpoch;
  }

  /// Numbers that are gone, and when that was noted.
  record Gone(SeqNotes.Epoch epoch, SeqRanges seqs, long notedNanos) {}

  /// A day of a stream.
  static final class File {
    final Map<SeqNotes.Epoch, SeqRanges> rows = new HashMap<>();
    final Map<KnownSeqs.Why, Map<SeqNotes.Epoch, SeqRanges>> notes =
        new EnumMap<>(KnownSeqs.Why.class);
    final List<Gone> gone = new ArrayList<>();

    void note(KnownSeqs.Why why, SeqNotes.Epoch epoch, SeqRanges seqs) {
      notes.computeIfAbsent(why, _ -> new HashMap<>()).merge(epoch, seqs, SeqRanges::plus);
    }

    SeqRanges held(SeqNotes.Epoch epoch) {
      return notes.getOrDefault(KnownSeqs.Why.HELD, Map.of()).getOrDefault(epoch, SeqRanges.NONE);
    }
  }

  File file(String stream, long day) {
    return files
        .computeIfAbsent(stream, _ -> new TreeMap<>())
        .computeIfAbsent(day, _ -> new File());
  }

  NavigableMap<Long, File> days(String stream) {
    return files.computeIfAbsent(stream, _ -> new TreeMap<>());
  }

  void addRows(File file, String stream, SeqNotes.Epoch epoch, SeqRanges rows) {
    repeated += rows.and(rows(stream, epoch)).size();
    file.rows.merge(epoch, rows, SeqRanges::plus);
  }

  /// The rows of a log, over all days.
  SeqRanges rows(String stream, SeqNotes.Epoch epoch) {
    SeqRanges rows = SeqRanges.NONE;
    for (File file : days(stream).values()) {
      rows = rows.plus(file.rows.getOrDefault(epoch, SeqRanges.NONE));
    }
    return rows;
  }

  SeqRanges rows(SimLedger.Log log) {
    return rows(log.stream(), new SeqNotes.Epoch(log.agentId(), log.epoch()));
  }
}
