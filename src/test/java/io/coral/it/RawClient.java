package io.coral.it;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// One keep-alive connection over which a test says exactly which bytes go when.
final class RawClient implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;

  private final Socket socket = new Socket();
  private final OutputStream out;
  private final InputStream in;

  /// A response.
  ///
  /// @param bytes of head and body with its framing
  record Answer(int status, long bytes) {}

  /// To a server on loopback.
  RawClient(int port) throws IOException {
    this(InetAddress.getLoopbackAddress().getHostAddress(), port);
  }

  RawClient(String host, int port) throws IOException {
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
    out = socket.getOutputStream();
    in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
  }

  /// Sends the text as one write.
  void send(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  /// Reads one response to its end.
  ///
  /// @param method of the request; a response to HEAD has no body
  Answer receive(String method) throws IOException {
    String statusLine = line();
    long bytes = statusLine.length() + 2L;
    int status = Integer.parseInt(statusLine.substring(9, 12));
    long length = -1;
    boolean chunked = false;
    for (String line = line(); ; line = line()) {
      bytes += line.length() + 2;
      if (line.isEmpty()) {
        break;
      }
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(15).strip());
      } else if (lower.startsWith("transfer-encoding:")) {
        chunked = lower.contains("chunked");
      } else if (lower.startsWith("connection:") && lower.contains("close")) {
        throw new IOException("the server closes the connection: " + statusLine);
      }
    }
    if (status == 100) {
      return receive(method);
    }
    if (method.equals("HEAD") || status == 204 || status == 304) {
      return new Answer(status, bytes);
    }
    if (chunked) {
      return new Answer(status, bytes + chunks());
    }
    if (length < 0) {
      throw new IOException("the length of the response is not known: " + statusLine);
    }
    in.skipNBytes(length);
    return new Answer(status, bytes + length);
  }

  private long chunks() throws IOException {
    long bytes = 0;
    while (true) {
      String size = line();
      int length = Integer.parseInt(size, 16);
      in.skipNBytes(length);
      String end = line();
      bytes += size.length() + 2L + length + end.length() + 2L;
      if (length == 0) {
        return bytes;
      }
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the server closed the connection after \"" + line + "\"");
      }
      line.append((char) c);
    }
    return line.substring(0, Math.max(0, line.length() - 1));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
