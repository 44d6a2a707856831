package io.coral.cli;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/// Compares the traces that agent and colony show with the call graphs of the demo's plan.
final class DemoTraces {
  private final Map<String, TraceShapes> places = new LinkedHashMap<>();
  private final Map<String, Long> expected;
  private final Map<String, Map<String, Long>> found = new LinkedHashMap<>();

  /// @param expected traces by shape
  DemoTraces(Map<String, Long> expected) {
    this.expected = Map.copyOf(expected);
  }

  void add(String place, TraceShapes shapes) {
    places.put(place, shapes);
  }

  /// Reads what every place shows now; true when all is as expected.
  boolean read(Instant until) {
    places.forEach((place, shapes) -> found.put(place, shapes.read(until)));
    return isRight();
  }

  boolean isRight() {
    return places.keySet().stream().allMatch(place -> differences(place).isEmpty());
  }

  /// Traces too many (positive) or too few, by shape.
  Map<String, Long> differences(String place) {
    Map<String, Long> differences = new TreeMap<>(found.getOrDefault(place, Map.of()));
    expected.forEach((shape, count) -> differences.merge(shape, -count, Long::sum));
    differences.values().removeIf(difference -> difference == 0);
    return differences;
  }

  /// Traces that have exactly the call graph that was declared for them.
  long right(String place) {
    Map<String, Long> shown = found.getOrDefault(place, Map.of());
    return expected.entrySet().stream()
        .mapToLong(entry -> Math.min(entry.getValue(), shown.getOrDefault(entry.getKey(), 0L)))
        .sum();
  }

  long expected() {
    return expected.values().stream().mapToLong(Long::longValue).sum();
  }

  /// A trace of many spans that a place shows, empty when it shows none.
  String largest(String place) {
    TraceShapes shapes = places.get(place);
    return shapes == null ? "" : shapes.largest();
  }

  Iterable<String> places() {
    return places.keySet();
  }
}
