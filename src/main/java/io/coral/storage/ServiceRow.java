package io.coral.storage;

import java.util.List;

/// A service in a list.
///
/// @param requests that it served
/// @param errors of them
/// @param p95Millis of them
/// @param clientRequests that it sent
/// @param nameSource where its name comes from
/// @param agents that see it; empty at an agent
public record ServiceRow(
    String name,
    long requests,
    long errors,
    double p95Millis,
    long lastUnixNanos,
    long clientRequests,
    String nameSource,
    List<String> agents) {
  public ServiceRow {
    agents = List.copyOf(agents);
  }
}
