package io.coral.agent.ingest;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// HTTP/1.1 by hand, so that requests can be wrong. Writes on a thread of its own: a server may
/// answer before it has read all.
final class RawHttp implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 60_000;

  private final Socket socket;
  private final InputStream in;

  /// An answer; status 0 = the connection was closed without one.
  record Answer(int status, Map<String, String> headers, byte[] body) {
    String text() {
      return new String(body, StandardCharsets.ISO_8859_1);
    }
  }

  RawHttp(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    in = socket.getInputStream();
  }

  static Answer post(int port, String path, String headers, byte[] body) throws IOException {
    return exchange(
        port,
        OtlpRequests.join(
            head("POST", path, headers + "content-length: " + body.length + "\r\n"), body));
  }

  static Answer exchange(int port, byte[] request) throws IOException {
    try (RawHttp http = new RawHttp(port)) {
      http.send(request);
      return http.read();
    }
  }

  static byte[] head(String method, String path, String headers) {
    return (method + " " + path + " HTTP/1.1\r\nhost: localhost\r\n" + headers + "\r\n")
        .getBytes(StandardCharsets.UTF_8);
  }

  void send(byte[] bytes) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                socket.getOutputStream().write(bytes);
                socket.getOutputStream().flush();
              } catch (IOException e) {
                // The server has closed: what it answered before is what counts.
              }
            });
  }

  /// Sends a beginning and then a byte ten times a second, without end.
  void drip(String beginning) {
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                byte[] next = beginning.getBytes(StandardCharsets.US_ASCII);
                while (true) {
                  socket.getOutputStream().write(next);
                  next = new byte[] {'x'};
                  TimeUnit.MILLISECONDS.sleep(100);
                }
              } catch (IOException | InterruptedException e) {
                // The server has closed, which is what is waited for.
              }
            });
  }

  Answer read() throws IOException {
    String statusLine = line();
    if (statusLine.isEmpty()) {
      return new Answer(0, Map.of(), new byte[0]);
    }
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).trim());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    return new Answer(
        Integer.parseInt(statusLine.substring(9, 12)), headers, in.readNBytes(length));
  }

  /// True when the server has closed the connection.
  boolean closed() throws IOException {
    try {
      return in.read() < 0;
    } catch (java.net.SocketException e) {
      return true;
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    try {
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        if (c != '\r') {
          line.append((char) c);
        }
      }
    } catch (java.net.SocketException e) {
      return "";
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
