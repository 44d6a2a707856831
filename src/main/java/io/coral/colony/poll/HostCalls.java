package io.coral.colony.poll;

import io.coral.calls.CallCounts;
import io.coral.calls.CallPairs;
import io.coral.model.ColumnBatch;
import io.coral.model.Exchange;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.storage.ColonyStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;

/// Counts calls between services whose spans came from different agents; those of one agent it has
/// counted itself. Of the spans that are kept, so a call whose trace was not kept is not counted.
/// One thread, the history's writer.
final class HostCalls {
  private static final int ERROR = 2;

  private final CallCounts sentCounts = new CallCounts("hosts");
  private final CallCounts capturedCounts = new CallCounts("captured");
  private final CallPairs sentPairs;
  private final CallPairs capturedPairs;

  /// @param isCounted whether this node counts the calls of one agent's services to another's
  HostCalls(LongAdder unpaired, BiPredicate<String, String> isCounted) {
    this.sentPairs = new CallPairs(sentCounts, unpaired, isCounted);
    this.capturedPairs = new CallPairs(capturedCounts, unpaired, isCounted);
  }

  /// Takes rows that were stored.
  ///
  /// @param kept which of them
  void add(String agentId, ColumnBatch batch, IntPredicate kept) {
    StreamSchema schema = batch.schema();
    boolean sent = schema.equals(StreamSchema.SPANS);
    if (!sent && !schema.equals(StreamSchema.TRACES)) {
      return;
    }
    CallPairs pairs = sent ? sentPairs : capturedPairs;
    long[] traces = batch.uuids(schema.position("trace_id"));
    long[] spans = batch.longs(schema.position("span_id"));
    long[] parents = batch.longs(schema.position("parent_span_id"));
    int[] services = batch.textIds(schema.position("service"));
    long[] roles = batch.longs(schema.position("role"));
    long[] starts = batch.longs(schema.position("start_unix_nanos"));
    long[] durations = batch.longs(schema.position("duration_nanos"));
    long[] results = batch.longs(schema.position(sent ? "outcome" : "status"));
    long now = System.nanoTime();
    Map<Integer, Integer> places = new HashMap<>();
    for (int row = 0; row < batch.rows(); row++) {
      if (!kept.test(row)) {
        continue;
      }
      int place =
          places.computeIfAbsent(
              services[row], service -> pairs.place(agentId, batch.dictionary().text(service)));
      long high = traces[2 * row];
      long low = traces[2 * row + 1];
      pairs.span(CallPairs.key(high, low, spans[row]), place, now);
      Role role = Role.ofCode((int) roles[row]);
      if (parents[row] != 0 && (role == Role.SERVER || role == Role.CONSUMER)) {
        boolean failed = sent ? results[row] == ERROR : Exchange.isError(role, (int) results[row]);
        pairs.call(
            CallPairs.key(high, low, parents[row]),
            place,
            starts[row] + durations[row],
            durations[row],
            failed,
            now);
      }
    }
  }

  /// Stores what was counted since the last time.
  void flush(ColonyStore store) {
    for (CallCounts counts : List.of(sentCounts, capturedCounts)) {
      ColumnBatch rows = counts.flush();
      if (rows.rows() > 0) {
        store.appendOwn(rows);
      }
    }
  }
}
