package io.coral.it;

import com.google.protobuf.MessageLite;
import io.coral.rpc.RpcClient;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Sends OTLP to a port on loopback, as protobuf; over HTTP unless the name says otherwise.
final class Otlp {
  private static final Duration ANSWER = Duration.ofSeconds(10);

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

  /// Sends metrics over gRPC; fails unless they are taken.
  static void sendMetricsByGrpc(int port, ExportMetricsServiceRequest payload) throws Exception {
    Vertx vertx = Vertx.vertx();
    try {
      new RpcClient(vertx)
          .unary(
              "127.0.0.1:" + port,
              "opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
              payload,
              ExportMetricsServiceResponse.getDefaultInstance(),
              ANSWER)
          .await(ANSWER.toSeconds(), TimeUnit.SECONDS);
    } finally {
      vertx.close().await(ANSWER.toSeconds(), TimeUnit.SECONDS);
    }
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
