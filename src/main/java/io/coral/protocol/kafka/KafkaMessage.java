package io.coral.protocol.kafka;

import io.coral.protocol.Bytes;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Reads messages, of classic or flexible versions. What is behind the bytes that are there is
/// unknown.
final class KafkaMessage {
  private static final int MOST_TOPICS = 16;
  private static final int MOST_PARTITIONS = 100_000;
  private static final int LONGEST_NAME = 249;

  private final Bytes bytes;
  private final boolean flexible;

  KafkaMessage(Bytes bytes, boolean flexible) {
    this.bytes = bytes;
    this.flexible = flexible;
  }

  /// What a message says of topics.
  ///
  /// @param names of the first of them, in their order
  /// @param error the first code that is not 0, 0 = none, null = not known
  record Topics(Set<String> names, @Nullable Integer error) {}

  Bytes bytes() {
    return bytes;
  }

  /// @return null for none
  @Nullable String text() {
    int length = flexible ? bytes.varint() - 1 : bytes.i16();
    return length < 0 ? null : bytes.text(length);
  }

  int count() {
    return flexible ? bytes.varint() - 1 : bytes.i32();
  }

  void skipTags() {
    if (flexible) {
      for (int tags = bytes.varint(); tags > 0 && !bytes.missing(); tags--) {
        bytes.varint();
        bytes.skip(bytes.varint());
      }
    }
  }

  private UUID id() {
    return new UUID(bytes.i64(), bytes.i64());
  }

  /// The name of a topic that has one, or an id.
  private @Nullable String topic(boolean hasId, TopicNames known) {
    if (hasId) {
      return known.name(id());
    }
    String name = text();
    return name == null || name.isEmpty() || name.length() > LONGEST_NAME ? null : name;
  }

  /// Topics of a Produce request, behind its acknowledgement.
  Set<String> produced(int version, TopicNames known) {
    bytes.skip(4);
    Set<String> names = new LinkedHashSet<>();
    int topics = count();
    for (int i = 0; i < Math.min(topics, MOST_TOPICS) && !bytes.missing(); i++) {
      String name = topic(version >= 13, known);
      if (name == null || bytes.missing()) {
        break;
      }
      names.add(name);
      for (int partitions = count(); partitions > 0 && !bytes.missing(); partitions--) {
        bytes.skip(4);
        bytes.skip(Math.max(0, count()));
        skipTags();
      }
      skipTags();
    }
    return names;
  }

  /// Topics of a Fetch request.
  Set<String> fetched(int version, TopicNames known) {
    bytes.skip(version < 15 ? 4 : 0).skip(4 + 4);
    bytes.skip(version >= 3 ? 4 : 0).skip(version >= 4 ? 1 : 0).skip(version >= 7 ? 8 : 0);
    Set<String> names = new LinkedHashSet<>();
    int topics = count();
    for (int i = 0; i < Math.min(topics, MOST_TOPICS) && !bytes.missing(); i++) {
      String name = topic(version >= 13, known);
      if (bytes.missing()) {
        break;
      }
      if (name != null) {
        names.add(name);
      }
      int partition =
          4 + (version >= 9 ? 4 : 0) + 8 + (version >= 12 ? 4 : 0) + (version >= 5 ? 8 : 0) + 4;
      for (int partitions = count(); partitions > 0 && !bytes.missing(); partitions--) {
        bytes.skip(partition);
        skipTags();
      }
      skipTags();
    }
    return names;
  }

  /// Topics of a Produce response and their first error.
  Topics answeredProduce(int version, TopicNames known) {
    Set<String> names = new LinkedHashSet<>();
    int topics = count();
    for (int i = 0; i < topics && !bytes.missing(); i++) {
      String name = topic(version >= 13, known);
      if (name != null && names.size() < MOST_TOPICS) {
        names.add(name);
      }
      int partitions = Math.min(count(), MOST_PARTITIONS);
      for (int p = 0; p < partitions && !bytes.missing(); p++) {
        bytes.skip(4);
        int error = bytes.i16();
        if (bytes.missing()) {
          break;
        }
        if (error != 0) {
          return new Topics(names, error);
        }
        bytes.skip(8).skip(version >= 2 ? 8 : 0).skip(version >= 5 ? 8 : 0);
        if (version >= 8) {
          for (int errors = count(); errors > 0 && !bytes.missing(); errors--) {
            bytes.skip(4);
            text();
            skipTags();
          }
          text();
        }
        skipTags();
      }
      skipTags();
    }
    return new Topics(names, bytes.missing() || topics < 0 ? null : 0);
  }

  /// Learns names of a Metadata response.
  void learn(int version, TopicNames known) {
    if (version < 10) {
      return;
    }
    bytes.skip(4);
    for (int brokers = count(); brokers > 0 && !bytes.missing(); brokers--) {
      bytes.skip(4);
      text();
      bytes.skip(4);
      text();
      skipTags();
    }
    text();
    bytes.skip(4);
    for (int topics = count(); topics > 0 && !bytes.missing(); topics--) {
      bytes.skip(2);
      String name = text();
      UUID id = id();
      if (name != null && !bytes.missing()) {
        known.put(id, name);
      }
      bytes.skip(1);
      for (int partitions = count(); partitions > 0 && !bytes.missing(); partitions--) {
        bytes.skip(2 + 4 + 4 + 4);
        for (int lists = 0; lists < 3; lists++) {
          bytes.skip(4L * Math.max(0, count()));
        }
        skipTags();
      }
      bytes.skip(4);
      skipTags();
    }
  }
}
