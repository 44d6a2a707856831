package io.coral.protocol.kafka;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Names of topics by their ids, as any connection told them: newer requests name ids alone.
/// Remembers the 4,096 that were used last. Any thread.
final class TopicNames {
  private static final int MOST = 4_096;

  private final Map<UUID, String> names =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<UUID, String> eldest) {
          return size() > MOST;
        }
      };

  synchronized void put(UUID id, String name) {
    names.put(id, name);
  }

  synchronized @Nullable String name(UUID id) {
    return names.get(id);
  }
}
