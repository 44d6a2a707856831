package io.coral.storage;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.StreamSchema;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Who called whom. Every method blocks and may be called on any thread but an event loop; failures
/// are [StorageException]s.
public final class CallQueries {
  private final SumSource source;

  /// @param source of the counts
  public CallQueries(SumSource source) {
    this.source = source;
  }

  /// @param store an agent's
  public CallQueries(AgentStore store) {
    this(new Sums(store));
  }

  /// Who called whom, from the calls that were counted when their spans came. What was captured of
  /// two services counts unless their own spans, or a colony that saw both hosts, tell of them too.
  ///
  /// @param sinceNanos Unix time, whole minutes are taken
  /// @param untilNanos Unix time, exclusive
  public List<SpanSearch.Dependency> dependencies(long sinceNanos, long untilNanos) {
    Map<String, Map<Pair, Calls>> bySource = new HashMap<>();
    source
        .sums(
            new SumsQuestion(
                List.of(StreamSchema.SERVICE_CALLS),
                StreamSchema.SERVICE_CALLS.summedBy(),
                Map.of(),
                MinuteSums.begin(sinceNanos),
                MinuteSums.end(untilNanos),
                SumsQuestion.ONE_STEP,
                true))
        .sums()
        .forEach(
            (key, sum) ->
                bySource
                    .computeIfAbsent(key.of().get(2), _ -> new HashMap<>())
                    .computeIfAbsent(new Pair(key.of().get(0), key.of().get(1)), _ -> new Calls())
                    .add(sum));
    Map<Pair, Calls> merged = new TreeMap<>();
    for (String theSource : List.of("otlp", "hosts")) {
      bySource
          .getOrDefault(theSource, Map.of())
          .forEach((pair, calls) -> merged.computeIfAbsent(pair, _ -> new Calls()).add(calls));
    }
    bySource.getOrDefault("captured", Map.of()).forEach(merged::putIfAbsent);
    return merged.entrySet().stream()
        .map(each -> each.getValue().dependency(each.getKey()))
        .toList();
  }

  private record Pair(String caller, String service) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      int byCaller = caller.compareTo(other.caller);
      return byCaller == 0 ? service.compareTo(other.service) : byCaller;
    }
  }

  private static final class Calls {
    private final LatencyHistogram histogram = new LatencyHistogram();
    private long errors;

    void add(SumTable.Sum sum) {
      histogram.merge(sum.histogram().offset(), sum.histogram().sparseCounts());
      errors += sum.errors();
    }

    void add(Calls other) {
      histogram.merge(other.histogram.offset(), other.histogram.sparseCounts());
      errors += other.errors;
    }

    SpanSearch.Dependency dependency(Pair pair) {
      return new SpanSearch.Dependency(
          pair.caller,
          pair.service,
          histogram.total(),
          errors,
          (long) histogram.quantileNanos(0.5),
          (long) histogram.quantileNanos(0.95));
    }
  }
}
