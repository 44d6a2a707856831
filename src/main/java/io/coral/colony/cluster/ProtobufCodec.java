package io.coral.colony.cluster;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBus;
import io.vertx.core.eventbus.MessageCodec;

/// One kind of protobuf message on the event bus: its length and its bytes.
final class ProtobufCodec<M extends Message> implements MessageCodec<M, M> {
  private final M prototype;

  private ProtobufCodec(M prototype) {
    this.prototype = prototype;
  }

  /// Lets a kind of message be sent; does nothing when it was let before.
  @SuppressWarnings("unchecked")
  static <M extends Message> void register(EventBus bus, M prototype) {
    try {
      bus.registerDefaultCodec((Class<M>) prototype.getClass(), new ProtobufCodec<>(prototype));
    } catch (IllegalStateException e) {
      // Another verticle of this process did it.
      return;
    }
  }

  @Override
  public void encodeToWire(Buffer buffer, M message) {
    byte[] bytes = message.toByteArray();
    buffer.appendInt(bytes.length).appendBytes(bytes);
  }

  @Override
  @SuppressWarnings("unchecked")
  public M decodeFromWire(int position, Buffer buffer) {
    int length = buffer.getInt(position);
    try {
      return (M)
          prototype
              .getParserForType()
              .parseFrom(buffer.getBytes(position + 4, position + 4 + length));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(prototype.getDescriptorForType().getFullName(), e);
    }
  }

  @Override
  public M transform(M message) {
    return message;
  }

  @Override
  public String name() {
    return prototype.getDescriptorForType().getFullName();
  }

  @Override
  public byte systemCodecID() {
    return -1;
  }
}
