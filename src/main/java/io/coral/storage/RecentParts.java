package io.coral.storage;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// What rows of a partition name by a number and were read lately: groups, shapes or strings. It
/// never changes, and asking for it takes longer than reading the rows. Any thread.
///
/// @param <K> the number
final class RecentParts<K, V> {
  private final Map<K, V> parts;

  /// @param most how many are remembered
  RecentParts(int most) {
    this.parts =
        new LinkedHashMap<>(64, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            return size() > most;
          }
        };
  }

  /// Copies the parts that are known.
  ///
  /// @return the numbers of the others
  synchronized Set<K> known(Collection<K> wanted, Map<K, V> into) {
    Set<K> missing = new HashSet<>();
    for (K number : wanted) {
      V part = parts.get(number);
      if (part == null) {
        missing.add(number);
      } else {
        into.put(number, part);
      }
    }
    return missing;
  }

  synchronized void add(K number, V part) {
    parts.put(number, part);
  }
}
