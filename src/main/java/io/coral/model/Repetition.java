package io.coral.model;

import java.util.Arrays;

/// Watches which keys have strings that hardly repeat, such as request ids: those are not worth a
/// number. What was said of a key stays true. One thread.
public final class Repetition {
  private static final int WATCHED = 1024;

  private int[] seen = new int[64];
  private int[] fresh = new int[64];
  private boolean[] hardly = new boolean[64];

  /// Whether the strings of a key hardly repeat.
  ///
  /// @param key number of the key
  public boolean hardlyRepeats(int key) {
    return key < hardly.length && hardly[key];
  }

  /// Notes a string of a key.
  ///
  /// @param isFresh whether it was not known before
  public void note(int key, boolean isFresh) {
    if (key >= seen.length) {
      int size = Math.max(2 * seen.length, key + 1);
      seen = Arrays.copyOf(seen, size);
      fresh = Arrays.copyOf(fresh, size);
      hardly = Arrays.copyOf(hardly, size);
    }
    fresh[key] += isFresh ? 1 : 0;
    if (++seen[key] == WATCHED) {
      hardly[key] = fresh[key] > WATCHED / 2;
      seen[key] = 0;
      fresh[key] = 0;
    }
  }
}
