package io.coral.protocol.kafka;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// Kafka, recognised by the head of a request. One object remembers the topics of all connections.
public final class Kafka implements Protocol {
  private final TopicNames topics = new TopicNames();

  @Override
  public String name() {
    return KafkaParser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (direction == Direction.RESPONSE) {
      return Likeness.NO;
    }
    KafkaParser.Head head = KafkaParser.Head.read(bytes, bytes.length);
    return head == null ? Likeness.NO : head.client().isEmpty() ? Likeness.MAYBE : Likeness.YES;
  }

  @Override
  public Parser open() {
    return new KafkaParser(topics);
  }
}
