package io.coral.model;

import java.util.LinkedHashMap;
import java.util.Map;

/// A map that forgets what was not asked for longest. One thread, or a lock around it.
public final class LeastRecentMap<K, V> extends LinkedHashMap<K, V> {
  private static final long serialVersionUID = 1L;

  private final int most;

  /// @param most entries that it keeps
  public LeastRecentMap(int most) {
    super(64, 0.75f, true);
    this.most = most;
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > most;
  }
}
