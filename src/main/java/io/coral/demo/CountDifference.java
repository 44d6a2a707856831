package io.coral.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/// A count that is not what it should be.
public record CountDifference(CountKey key, long expected, long counted) {

  /// @return those that differ, by key; empty when all is as expected
  public static List<CountDifference> between(
      Map<CountKey, Long> expected, Map<CountKey, Long> counted) {
    SortedSet<CountKey> keys = new TreeSet<>(expected.keySet());
    keys.addAll(counted.keySet());
    List<CountDifference> differences = new ArrayList<>();
    for (CountKey key : keys) {
      long wanted = expected.getOrDefault(key, 0L);
      long found = counted.getOrDefault(key, 0L);
      if (wanted != found) {
        differences.add(new CountDifference(key, wanted, found));
      }
    }
    return differences;
  }
}
