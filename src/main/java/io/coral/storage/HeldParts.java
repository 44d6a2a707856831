package io.coral.storage;

import java.lang.ref.SoftReference;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// What rows of a partition name by a number: groups, shapes or strings. It never changes, and a
/// statement to ask for some takes longer than to read the rows, so the first ones, which most rows
/// name, are read as a whole and held while there is memory. Any thread.
///
/// @param <V> a part
final class HeldParts<V> {
  private static final int READ_AT_ONCE = 4 << 10;

  private final int most;
  private final int mostWeight;
  private final ToIntFunction<V> weight;
  private SoftReference<List<@Nullable V>> held = new SoftReference<>(new ArrayList<>());
  private int heldWeight;

  /// Reads parts from the partition.
  ///
  /// @param <V> a part
  @FunctionalInterface
  interface Source<V> {
    /// @param condition on the `id` of a part
    void read(String condition, BiConsumer<Integer, V> into) throws SQLException;
  }

  /// @param most of the parts, from number 0, are held
  /// @param mostWeight of those that are held together; the others are read each time
  HeldParts(int most, int mostWeight, ToIntFunction<V> weight) {
    this.most = most;
    this.mostWeight = mostWeight;
    this.weight = weight;
  }

  /// Finds parts; those that the partition lacks, because it is damaged, are left out.
  ///
  /// @param found gets them by their numbers
  void find(Collection<Integer> numbers, Source<V> source, Map<Integer, V> found)
      throws SQLException {
    Set<Integer> others = new HashSet<>();
    synchronized (this) {
      List<@Nullable V> parts = held(numbers, source);
      for (int number : numbers) {
        V part = number < parts.size() ? parts.get(number) : null;
        if (part == null) {
          others.add(number);
        } else {
          found.put(number, part);
        }
      }
    }
    if (!others.isEmpty()) {
      source.read("id IN (" + StoredRows.list(others) + ")", found::put);
    }
  }

  private List<@Nullable V> held(Collection<Integer> numbers, Source<V> source)
      throws SQLException {
    List<@Nullable V> parts = held.get();
    if (parts == null) {
      parts = new ArrayList<>();
      held = new SoftReference<>(parts);
      heldWeight = 0;
    }
    int size = parts.size();
    int needed =
        numbers.stream().filter(number -> number < most).max(Integer::compare).orElse(-1) + 1;
    if (needed > size) {
      List<@Nullable V> more = parts;
      int until = Math.min(most, Math.max(needed, size + READ_AT_ONCE));
      source.read(
          "id >= " + size + " AND id < " + until,
          (number, part) -> {
            while (more.size() <= number) {
              more.add(null);
            }
            int itsWeight = weight.applyAsInt(part);
            if (heldWeight + itsWeight <= mostWeight) {
              heldWeight += itsWeight;
              more.set(number, part);
            }
          });
    }
    return parts;
  }
}
