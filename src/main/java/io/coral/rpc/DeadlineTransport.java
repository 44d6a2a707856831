package io.coral.rpc;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.vertx.core.impl.transports.EpollTransport;
import io.vertx.core.impl.transports.NioTransport;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.transport.Transport;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Sockets for Vert.x, native ones where that is possible, whose servers close the connections of
/// clients that do not come to the end of a request's head. Vert.x has no option for that, and
/// shows a connection only when its first head is complete.
public final class DeadlineTransport implements Transport {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final long patienceNanos;
  private final LongAdder closed = new LongAdder();
  private final io.vertx.core.spi.transport.Transport implementation;

  /// The usual deadline, 10 s.
  public DeadlineTransport() {
    this(PATIENCE);
  }

  /// @param patience from the first byte of a head to its last
  public DeadlineTransport(Duration patience) {
    this.patienceNanos = patience.toNanos();
    this.implementation = EPOLL != null && EPOLL.available() ? new Epoll() : new Nio();
  }

  /// How many connections were closed, up to now; any thread.
  public long closedConnections() {
    return closed.sum();
  }

  @Override
  public String name() {
    return implementation instanceof EpollTransport ? "epoll" : "nio";
  }

  @Override
  public boolean available() {
    return true;
  }

  @Override
  public @Nullable Throwable unavailabilityCause() {
    return null;
  }

  @Override
  public io.vertx.core.spi.transport.Transport implementation() {
    return implementation;
  }

  /// Has each connection that a server accepts watched.
  private void watch(ServerBootstrap bootstrap) {
    bootstrap.handler(new Acceptor());
  }

  private final class Epoll extends EpollTransport {
    @Override
    public void configure(NetServerOptions options, boolean domain, ServerBootstrap bootstrap) {
      super.configure(options, domain, bootstrap);
      watch(bootstrap);
    }
  }

  private final class Nio extends NioTransport {
    @Override
    public void configure(NetServerOptions options, boolean domain, ServerBootstrap bootstrap) {
      super.configure(options, domain, bootstrap);
      watch(bootstrap);
    }
  }

  /// For the channel of a server, whose messages are the connections.
  @Sharable
  private final class Acceptor extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object connection) {
      ((Channel) connection).pipeline().addLast(new HeadDeadline(patienceNanos, closed::increment));
      context.fireChannelRead(connection);
    }
  }
}
