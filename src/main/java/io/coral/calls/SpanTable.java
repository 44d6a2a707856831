package io.coral.calls;

/// Where some spans are from, and other numbers of theirs: open addressing, several entries may
/// have the same key. Grows up to a bound. One thread.
final class SpanTable {
  private static final int LEAST = 1 << 10;

  private final int width;
  private final int most;
  private long[] keys = new long[LEAST];
  private int[] places = new int[LEAST];
  private long[] values;
  private int size;

  /// @param width how many other numbers an entry has
  /// @param most entries, three quarters of a power of two
  SpanTable(int width, int most) {
    this.width = width;
    this.most = most;
    this.values = new long[LEAST * width];
  }

  boolean isFull() {
    return size == most;
  }

  int size() {
    return size;
  }

  /// Adds an entry.
  ///
  /// @return where it is
  int add(long key, int place) {
    if (4 * size >= 3 * keys.length) {
      grow();
    }
    long stored = key == 0 ? 1 : key;
    int slot = slot(stored);
    while (keys[slot] != 0) {
      slot = slot + 1 & keys.length - 1;
    }
    keys[slot] = stored;
    places[slot] = place;
    size++;
    return slot;
  }

  /// The first entry of a key at or behind a place, -1 when there is none.
  ///
  /// @param from -1, or what this returned before
  int find(long key, int from) {
    long stored = key == 0 ? 1 : key;
    int slot = from < 0 ? slot(stored) : from + 1 & keys.length - 1;
    while (keys[slot] != 0) {
      if (keys[slot] == stored) {
        return slot;
      }
      slot = slot + 1 & keys.length - 1;
    }
    return -1;
  }

  int place(int entry) {
    return places[entry];
  }

  void setPlace(int entry, int place) {
    places[entry] = place;
  }

  long value(int entry, int number) {
    return values[entry * width + number];
  }

  void setValue(int entry, int number, long value) {
    values[entry * width + number] = value;
  }

  /// Forgets everything and gives its room back.
  void clear() {
    keys = new long[LEAST];
    places = new int[LEAST];
    values = new long[LEAST * width];
    size = 0;
  }

  private int slot(long key) {
    return (int) (key >>> 20) & keys.length - 1;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldPlaces = places;
    long[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    places = new int[2 * oldPlaces.length];
    values = new long[2 * oldValues.length];
    size = 0;
    for (int slot = 0; slot < oldKeys.length; slot++) {
      if (oldKeys[slot] != 0) {
        int entry = add(oldKeys[slot], oldPlaces[slot]);
        System.arraycopy(oldValues, slot * width, values, entry * width, width);
      }
    }
  }
}
