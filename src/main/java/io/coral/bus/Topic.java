package io.coral.bus;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.MessageCodec;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/// One kind of message inside one process, with one listener and a bounded number of messages under
/// way.
///
/// Publishing is safe on any thread; the listener runs on the context that called [#listen]. A
/// topic that is full refuses, and the publisher counts what it sheds.
///
/// @param <T> an immutable batch
public final class Topic<T> {
  private final Vertx vertx;
  private final String address;
  private final int limit;
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicLong refused = new AtomicLong();
  private final DeliveryOptions options;

  /// @param limit messages that may wait at most, ≥ 1
  Topic(Vertx vertx, String address, Class<T> type, int limit) {
    this.vertx = vertx;
    this.address = address;
    this.limit = limit;
    this.options = new DeliveryOptions().setCodecName("ref:" + address).setLocalOnly(true);
    vertx.eventBus().registerCodec(new ReferenceCodec<>("ref:" + address, type));
  }

  /// Hands a message to the listener, or returns false when too many wait.
  public boolean publish(T message) {
    if (underWay.incrementAndGet() > limit) {
      underWay.decrementAndGet();
      refused.incrementAndGet();
      return false;
    }
    vertx.eventBus().send(address, message, options);
    return true;
  }

  /// Registers the listener. Its exceptions are its own: they fail the context's exception handler.
  public MessageConsumer<T> listen(Consumer<T> listener) {
    return vertx
        .eventBus()
        .localConsumer(
            address,
            message -> {
              try {
                listener.accept(message.body());
              } finally {
                underWay.decrementAndGet();
              }
            });
  }

  /// Its name on the bus.
  public String address() {
    return address;
  }

  /// Messages that wait or are being handled.
  public int waiting() {
    return underWay.get();
  }

  /// Messages that were refused since the start.
  public long refused() {
    return refused.get();
  }

  private record ReferenceCodec<T>(String name, Class<T> type) implements MessageCodec<T, T> {
    @Override
    public void encodeToWire(Buffer buffer, T message) {
      throw new UnsupportedOperationException(type + " stays inside the process");
    }

    @Override
    public T decodeFromWire(int position, Buffer buffer) {
      throw new UnsupportedOperationException(type + " stays inside the process");
    }

    @Override
    public T transform(T message) {
      return message;
    }

    @Override
    public byte systemCodecID() {
      return -1;
    }
  }
}
