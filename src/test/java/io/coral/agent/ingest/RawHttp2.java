package io.coral.agent.ingest;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.IntFunction;

/// Frames of HTTP/2 by hand (https://www.rfc-editor.org/rfc/rfc9113#section-4), for floods.
final class RawHttp2 implements AutoCloseable {
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PING = 6;
  static final int GOAWAY = 7;
  static final int CONTINUATION = 9;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  static final int REFUSED_STREAM = 7;
  static final int ENHANCE_YOUR_CALM = 11;

  private final Socket socket;
  private final OutputStream out;
  private final DataInputStream in;

  record Frame(int type, int flags, int stream, byte[] payload) {
    /// Of RST_STREAM and GOAWAY.
    int errorCode() {
      return ByteBuffer.wrap(payload).getInt(type == GOAWAY ? 4 : 0);
    }
  }

  RawHttp2(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(60_000);
    out = socket.getOutputStream();
    in = new DataInputStream(socket.getInputStream());
    out.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.write(frame(SETTINGS, 0, 0, new byte[0]));
  }

  static byte[] frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .putInt((payload.length << 8) | type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  /// HPACK: literals without indexing, without Huffman.
  static byte[] headers(Map<String, String> headers) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    headers.forEach(
        (name, value) -> {
          block.write(0);
          text(block, name);
          text(block, value);
        });
    return block.toByteArray();
  }

  private static void text(ByteArrayOutputStream block, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    if (bytes.length < 127) {
      block.write(bytes.length);
    } else {
      block.write(127);
      int rest = bytes.length - 127;
      for (; rest >= 128; rest >>>= 7) {
        block.write((rest & 127) | 128);
      }
      block.write(rest);
    }
    block.writeBytes(bytes);
  }

  /// Sends; false once the server has closed.
  boolean send(byte[] frames) {
    try {
      out.write(frames);
      out.flush();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /// Sends as many as the server lets.
  void flood(int count, IntFunction<byte[]> frames) {
    int sent = 0;
    while (sent < count && send(frames.apply(sent))) {
      sent++;
    }
  }

  /// The next frame of a type.
  Frame await(int type) throws IOException {
    while (true) {
      int head = in.readInt();
      int flags = in.readUnsignedByte();
      int stream = in.readInt();
      byte[] payload = in.readNBytes(head >>> 8);
      if ((head & 0xff) == type) {
        return new Frame(type, flags, stream, payload);
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
