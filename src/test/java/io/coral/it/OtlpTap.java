package io.coral.it;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;

/// Passes connections on to a port, byte by byte, and keeps what the clients sent: HTTP/1.1, or
/// gRPC over HTTP/2.
final class OtlpTap implements AutoCloseable {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int MOST_BYTES = 16 << 20;
  private static final int GRPC_PREFIX_BYTES = 5;

  private final ServerSocket server;
  private final int target;
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final List<ByteArrayOutputStream> received = new CopyOnWriteArrayList<>();

  /// What was sent in one request.
  ///
  /// @param path of HTTP, which of gRPC names service and method
  /// @param encoding `gzip` or empty
  /// @param body after decompression; of gRPC without the prefix
  record Request(String path, String contentType, String encoding, byte[] body) {}

  OtlpTap(int target) throws IOException {
    this.target = target;
    server = new ServerSocket(Host.freePort(), 64, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket client = server.accept();
        Socket upstream = new Socket(InetAddress.getLoopbackAddress(), target);
        open.addAll(List.of(client, upstream));
        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        received.add(copy);
        Thread.ofVirtual().start(() -> pass(client, upstream, copy));
        Thread.ofVirtual().start(() -> pass(upstream, client, OutputStream.nullOutputStream()));
      } catch (IOException e) {
        // Closed: the loop ends. Coral refuses connections: the client sees its own closed.
      }
    }
  }

  private static void pass(Socket from, Socket to, OutputStream copy) {
    try (from;
        to) {
      byte[] buffer = new byte[1 << 16];
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        copy.write(buffer, 0, n);
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      // One side has ended; so does the other.
    }
  }

  /// What has been sent so far. The connections need not be closed.
  List<Request> requests() throws Http2Exception {
    List<Request> requests = new ArrayList<>();
    for (ByteArrayOutputStream each : received) {
      byte[] bytes = each.toByteArray();
      ByteBuf buffer = Unpooled.wrappedBuffer(bytes);
      if (bytes.length >= PREFACE.length
          && buffer.slice(0, PREFACE.length).equals(Unpooled.wrappedBuffer(PREFACE))) {
        readHttp2(buffer.skipBytes(PREFACE.length), requests);
      } else {
        readHttp1(buffer, requests);
      }
    }
    return requests;
  }

  private static void readHttp1(ByteBuf bytes, List<Request> to) {
    EmbeddedChannel channel =
        new EmbeddedChannel(new HttpRequestDecoder(), new HttpObjectAggregator(MOST_BYTES));
    channel.writeInbound(bytes);
    for (FullHttpRequest request = channel.readInbound();
        request != null;
        request = channel.readInbound()) {
      String encoding = request.headers().get("content-encoding", "");
      byte[] body = new byte[request.content().readableBytes()];
      request.content().readBytes(body);
      to.add(
          new Request(
              request.uri(),
              request.headers().get("content-type", ""),
              encoding,
              encoding.equals("gzip") ? gunzip(body) : body));
      request.release();
    }
    channel.finishAndReleaseAll();
  }

  private static void readHttp2(ByteBuf frames, List<Request> to) throws Http2Exception {
    Map<Integer, Http2Headers> heads = new TreeMap<>();
    Map<Integer, ByteArrayOutputStream> bodies = new TreeMap<>();
    EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    try (DefaultHttp2FrameReader reader = new DefaultHttp2FrameReader(false)) {
      reader.readFrame(
          channel.pipeline().firstContext(),
          frames,
          new Http2FrameAdapter() {
            @Override
            public void onHeadersRead(
                ChannelHandlerContext context,
                int stream,
                Http2Headers headers,
                int padding,
                boolean last) {
              heads.put(stream, headers);
            }

            @Override
            public void onHeadersRead(
                ChannelHandlerContext context,
                int stream,
                Http2Headers headers,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean last) {
              heads.put(stream, headers);
            }

            @Override
            public int onDataRead(
                ChannelHandlerContext context, int stream, ByteBuf data, int padding, boolean end) {
              byte[] bytes = new byte[data.readableBytes()];
              data.getBytes(data.readerIndex(), bytes);
              bodies.computeIfAbsent(stream, _ -> new ByteArrayOutputStream()).writeBytes(bytes);
              return bytes.length + padding;
            }
          });
    }
    bodies.forEach(
        (stream, body) ->
            to.add(grpc(Objects.requireNonNull(heads.get(stream)), body.toByteArray())));
    channel.finishAndReleaseAll();
  }

  /// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: a flag, a length, a message.
  private static Request grpc(Http2Headers headers, byte[] framed) {
    byte[] message = new byte[framed.length - GRPC_PREFIX_BYTES];
    System.arraycopy(framed, GRPC_PREFIX_BYTES, message, 0, message.length);
    boolean compressed = framed[0] == 1;
    return new Request(
        headers.path().toString(),
        String.valueOf(headers.get("content-type")),
        compressed ? String.valueOf(headers.get("grpc-encoding")) : "",
        compressed ? gunzip(message) : message);
  }

  private static byte[] gunzip(byte[] bytes) {
    try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    for (Socket each : open) {
      each.close();
    }
  }
}
