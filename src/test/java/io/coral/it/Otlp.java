package io.coral.it;

import com.google.protobuf.MessageLite;
import io.coral.rpc.RpcClient;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Starts agents and colonies for what applications send, and sends it to a port on loopback, as
/// protobuf; over HTTP unless the name says otherwise.
final class Otlp {
  private static final Duration ANSWER = Duration.ofSeconds(50);

  private Otlp() {}

  /// Starts an agent that keeps every span.
  ///
  /// @param directory where its configuration and its data are to be
  /// @param grpc port, 0 = any
  /// @param http port, 0 = any
  /// @param colony port, 0 = none
  static CoralProcess agent(Path directory, int port, int grpc, int http, int colony)
      throws IOException {
    return agent(directory, port, grpc, http, colony, "");
  }

  /// The same with further sections of its configuration.
  static CoralProcess agent(
      Path directory, int port, int grpc, int http, int colony, String sections)
      throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("agent.yaml"),
            "agent:\n  flush_interval: 1s\n  colony: \""
                + (colony == 0 ? "" : "127.0.0.1:" + colony)
                + "\"\ntelemetry:\n  filters:\n    sample_rate: 1.0\n"
                + sections);
    return CoralProcess.agent(
        directory.resolve("agent"),
        port,
        List.of("--config", config.toString(), "--otlp-grpc", "" + grpc, "--otlp-http", "" + http));
  }

  /// Starts a colony.
  ///
  /// @param directory where its configuration and its data are to be
  /// @param pollInterval as in the configuration
  static CoralProcess colony(Path directory, int port, String pollInterval) throws IOException {
    Path config =
        Files.writeString(
            directory.resolve("colony.yaml"), "colony:\n  poll_interval: " + pollInterval + "\n");
    return CoralProcess.colony(directory.resolve("colony"), port, "--config", config.toString());
  }

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
