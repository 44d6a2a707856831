package io.coral.storage;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Traces with a request of one route and method.
///
/// @param slowest by its duration
/// @param failed the newest that failed, by its start
/// @param newest by its start
public record RouteExemplars(
    @Nullable RankedTrace slowest, @Nullable RankedTrace failed, @Nullable RankedTrace newest) {
  /// The better ones of two.
  public RouteExemplars with(RouteExemplars other) {
    return new RouteExemplars(
        better(slowest, other.slowest), better(failed, other.failed), better(newest, other.newest));
  }

  private static @Nullable RankedTrace better(
      @Nullable RankedTrace one, @Nullable RankedTrace other) {
    return one == null || (other != null && other.rank() > one.rank()) ? other : one;
  }

  /// Each trace once.
  public List<String> traceIds() {
    return Stream.of(slowest, failed, newest)
        .filter(Objects::nonNull)
        .map(RankedTrace::traceId)
        .distinct()
        .toList();
  }
}
