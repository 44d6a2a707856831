package io.coral.storage;

import io.coral.model.StreamSchema;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Counts and durations to be added up.
///
/// @param streams whose rows count requests or calls
/// @param by columns to tell apart, `agent_id` where rows name their agents
/// @param where columns, each with the values of which rows have one; without a column, any
/// @param sinceNanos Unix time of the first rows, inclusive
/// @param untilNanos exclusive
/// @param stepNanos > 0, rows are told apart by it too; [#ONE_STEP] for all of the range
/// @param durations whether histograms are wanted
public record SumsQuestion(
    List<StreamSchema> streams,
    List<String> by,
    Map<String, Set<String>> where,
    long sinceNanos,
    long untilNanos,
    long stepNanos,
    boolean durations) {
  /// A step that is longer than any range.
  public static final long ONE_STEP = MinuteSums.ONE_STEP;

  /// Requests of every protocol.
  public static final List<StreamSchema> REQUESTS =
      StreamSchema.ALL.stream().filter(StreamSchema::countsRequests).toList();

  public SumsQuestion {
    streams = List.copyOf(streams);
    by = List.copyOf(by);
    where = Map.copyOf(where);
    if (stepNanos <= 0) {
      throw new IllegalArgumentException("step: " + stepNanos + " (expected: > 0)");
    }
  }
}
