package io.coral.storage;

import io.coral.model.Role;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which traces a search finds: those with one span to which all of this applies, the newest first.
///
/// @param service exact; empty = any
/// @param operation name of the span; empty = any
/// @param role null = any
/// @param tags attributes of the span or of its resource as text; `error`, `span.kind` and
///     `otel.status_code` ask for what the span says of itself
/// @param minDurationNanos of the span; 0 = any
/// @param maxDurationNanos of the span; `Long.MAX_VALUE` = any
/// @param sinceNanos Unix time of its start, inclusive
/// @param untilNanos Unix time of its start, exclusive
/// @param limit ≥ 1
public record SpanSearch(
    String service,
    String operation,
    @Nullable Role role,
    Map<String, String> tags,
    long minDurationNanos,
    long maxDurationNanos,
    long sinceNanos,
    long untilNanos,
    int limit) {
  public SpanSearch {
    tags = Map.copyOf(tags);
    if (limit < 1) {
      throw new IllegalArgumentException("limit: " + limit + " (expected: ≥ 1)");
    }
  }

  /// An operation of a service.
  public record Operation(String name, Role role) {}

  /// Calls of one service by another.
  ///
  /// @param errors of the calls
  /// @param p50Nanos what they took where they were served
  /// @param p95Nanos what they took where they were served
  public record Dependency(
      String parent, String child, long calls, long errors, long p50Nanos, long p95Nanos) {}
}
