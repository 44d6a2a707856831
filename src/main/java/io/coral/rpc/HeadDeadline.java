package io.coral.rpc;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Closes a connection whose client begins the head of an HTTP/1 request, or the preface of
/// HTTP/2, and does not finish it in time. A timeout for idle connections does not see this: each
/// byte starts it anew. The first handler of a connection, for its event loop; where a head comes
/// in one piece, as it mostly does, no timer is started.
final class HeadDeadline extends ChannelInboundHandlerAdapter {
  private final long patienceNanos;
  private final Runnable closed;
  private boolean watching;
  private boolean inRequest;
  private boolean progressed;
  private @Nullable Future<?> deadline;

  HeadDeadline(long patienceNanos, Runnable closed) {
    this.patienceNanos = patienceNanos;
    this.closed = closed;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object bytes) {
    if (!watching) {
      watching = true;
      // Before the last handler, which takes what the decoders give.
      var last = context.pipeline().lastContext();
      context.pipeline().addBefore(last.name(), null, new Watcher(this, context));
    }
    progressed = false;
    context.fireChannelRead(bytes);
    if (!progressed && !inRequest && deadline == null) {
      deadline =
          context.executor().schedule(() -> close(context), patienceNanos, TimeUnit.NANOSECONDS);
    }
  }

  private void close(ChannelHandlerContext context) {
    closed.run();
    context.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    finished();
    context.fireChannelInactive();
  }

  /// A head is complete.
  private void finished() {
    progressed = true;
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }

  /// Sees what the decoder makes of the bytes.
  private static final class Watcher extends ChannelInboundHandlerAdapter {
    private final HeadDeadline head;
    private final ChannelHandlerContext first;

    Watcher(HeadDeadline head, ChannelHandlerContext first) {
      this.head = head;
      this.first = first;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf) {
        // Nothing decoded them before: they are HTTP/2, whose codec has limits of its own.
        head.finished();
        context.pipeline().remove(first.handler());
        context.pipeline().remove(this);
      } else if (message instanceof HttpRequest) {
        head.finished();
        head.inRequest = true;
      }
      if (message instanceof LastHttpContent) {
        // What these bytes ended was no head.
        head.progressed = true;
        head.inRequest = false;
      }
      context.fireChannelRead(message);
    }
  }
}
