package io.coral.storage;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.Role;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Rate, errors and duration over time, of requests of every protocol, from the windows in which
/// they were counted. On the base tables only.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Failures are [StorageException]s.
public final class RedQueries {
  /// The shortest step there is.
  public static final long WINDOW_NANOS = 10_000_000_000L;

  private static final List<String> BY_OPERATION = List.of("service", "role", "method", "route");

  private static final List<String> BY_SERVICE = List.of("service", "role");

  private final SumSource source;

  /// @param source of the counts
  public RedQueries(SumSource source) {
    this.source = source;
  }

  /// @param store an agent's
  public RedQueries(AgentStore store) {
    this(new Sums(store));
  }

  /// What is asked for.
  ///
  /// @param services at least one
  /// @param roles at least one
  /// @param sinceNanos Unix time, inclusive; whole minutes are taken
  /// @param untilNanos Unix time, exclusive
  /// @param stepNanos ≥ [#WINDOW_NANOS]
  /// @param byOperation whether each operation of a service is a series of its own
  public record Question(
      List<String> services,
      Collection<Role> roles,
      long sinceNanos,
      long untilNanos,
      long stepNanos,
      boolean byOperation) {
    public Question {
      services = List.copyOf(services);
      roles = List.copyOf(roles);
      if (services.isEmpty() || roles.isEmpty() || stepNanos < WINDOW_NANOS) {
        throw new IllegalArgumentException("a service, a role and a step ≥ 10 s are needed");
      }
      sinceNanos = MinuteSums.begin(sinceNanos);
      untilNanos = MinuteSums.end(untilNanos);
    }
  }

  /// A series.
  ///
  /// @param operation such as `GET /cart`; empty when it is of the whole service
  public record Series(String service, String operation) implements Comparable<Series> {
    @Override
    public int compareTo(Series other) {
      int byService = service.compareTo(other.service);
      return byService == 0 ? operation.compareTo(other.operation) : byService;
    }
  }

  /// Requests of one step.
  public record Counts(long calls, long errors) {}

  /// How many requests there were, by the start of the step; steps without any are left out.
  public Map<Series, Map<Long, Counts>> counts(Question question) {
    Map<Series, Map<Long, Counts>> found = new TreeMap<>();
    sums(question, false)
        .sums()
        .forEach(
            (key, sum) ->
                found
                    .computeIfAbsent(series(key.of()), _ -> new TreeMap<>())
                    .merge(
                        key.startNanos(),
                        new Counts(sum.calls(), sum.errors()),
                        (a, b) -> new Counts(a.calls + b.calls, a.errors + b.errors)));
    return found;
  }

  /// How long requests took, by the start of the step.
  public Map<Series, Map<Long, LatencyHistogram>> durations(Question question) {
    Map<Series, Map<Long, LatencyHistogram>> found = new TreeMap<>();
    sums(question, true)
        .sums()
        .forEach(
            (key, sum) ->
                found
                    .computeIfAbsent(series(key.of()), _ -> new TreeMap<>())
                    .computeIfAbsent(key.startNanos(), _ -> new LatencyHistogram())
                    .merge(sum.histogram().offset(), sum.histogram().sparseCounts()));
    return found;
  }

  private static Series series(List<String> of) {
    return new Series(
        of.get(0), of.size() < BY_OPERATION.size() ? "" : (of.get(2) + " " + of.get(3)).strip());
  }

  private SumTable sums(Question question, boolean durations) {
    return source.sums(
        new SumsQuestion(
            SumsQuestion.REQUESTS,
            question.byOperation() ? BY_OPERATION : BY_SERVICE,
            Map.of(
                "service",
                Set.copyOf(question.services()),
                "role",
                question.roles().stream()
                    .map(role -> Integer.toString(role.code()))
                    .collect(Collectors.toSet())),
            question.sinceNanos(),
            question.untilNanos(),
            question.stepNanos(),
            durations));
  }
}
