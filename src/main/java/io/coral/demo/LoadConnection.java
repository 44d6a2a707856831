package io.coral.demo;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// One keep-alive connection, used by one thread. Each request is written exactly once: a
/// client of the JDK may send one again when a connection breaks, and then what was sent would
/// not be known.
final class LoadConnection implements AutoCloseable {
  private static final int READ_TIMEOUT_MILLIS = 10_000;
  private static final int MAX_LINE_BYTES = 8_192;

  private final Socket socket;
  private final InputStream in;

  LoadConnection(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(READ_TIMEOUT_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /// Sends a request, reads its answer to the end and returns the status.
  int send(PlannedCall call) throws IOException {
    byte[] body = call.body().getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder();
    head.append(call.method()).append(' ').append(call.target()).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(call.service()).append("\r\n");
    if (body.length > 0) {
      head.append("Content-Type: text/plain\r\nContent-Length: ").append(body.length);
      head.append("\r\n");
    }
    ByteArrayOutputStream request = new ByteArrayOutputStream();
    request.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
    request.writeBytes(body);
    request.writeTo(socket.getOutputStream());
    return readAnswer();
  }

  private int readAnswer() throws IOException {
    String statusLine = readLine();
    if (!statusLine.matches("HTTP/1\\.1 \\d{3}.*")) {
      throw new IOException("'" + statusLine + "' is no status line");
    }
    int bodyBytes = 0;
    for (String line = readLine(); !line.isEmpty(); line = readLine()) {
      String lower = line.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        bodyBytes = Integer.parseInt(lower.substring("content-length:".length()).strip());
      }
    }
    in.skipNBytes(bodyBytes);
    return Integer.parseInt(statusLine.substring(9, 12));
  }

  private String readLine() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("the connection was closed");
      }
      if (line.size() == MAX_LINE_BYTES) {
        throw new IOException("a line has more than " + MAX_LINE_BYTES + " bytes");
      }
      if (next != '\r') {
        line.write(next);
      }
    }
    return line.toString(StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
