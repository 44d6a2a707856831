package io.coral.it;

import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;

/// Sends OTLP over HTTP to a port on loopback, as protobuf.
final class Otlp {
  private Otlp() {}

  /// Sends spans.
  ///
  /// @return the status of the answer
  static int sendSpans(int port, MessageLite payload) throws IOException {
    return send(port, "/v1/traces", payload);
  }

  /// Sends metrics.
  ///
  /// @return the status of the answer
  static int sendMetrics(int port, MessageLite payload) throws IOException {
    return send(port, "/v1/metrics", payload);
  }

  private static int send(int port, String path, MessageLite payload) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", "application/x-protobuf");
    connection.setDoOutput(true);
    try (var out = connection.getOutputStream()) {
      payload.writeTo(out);
    }
    return connection.getResponseCode();
  }
}
