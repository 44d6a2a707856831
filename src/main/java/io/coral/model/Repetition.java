package io.coral.model;

import java.util.Arrays;

/// Watches which keys have strings that hardly repeat, such as request ids: those are not worth a
/// number. What was said of a key stays true. One thread.
public final class Repetition {
  private static final double HARDLY = 0.6;

  private final int watched;
  private int[] seen = new int[64];
  private int[] fresh = new int[64];
  private boolean[] hardly = new boolean[64];

  /// @param watched how many strings of a key are looked at before something is said of it
  public Repetition(int watched) {
    this.watched = watched;
  }

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
    if (++seen[key] == watched) {
      hardly[key] = fresh[key] > HARDLY * watched;
      seen[key] = 0;
      fresh[key] = 0;
    }
  }
}
