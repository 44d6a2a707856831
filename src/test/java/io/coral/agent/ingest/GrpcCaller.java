package io.coral.agent.ingest;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Calls of gRPC over a plain HTTP/2 client, so that frames can be wrong.
final class GrpcCaller {
  private final HttpClient client;
  private final Vertx vertx;
  private final int port;

  record Answer(
      int httpStatus,
      @Nullable String status,
      @Nullable String message,
      @Nullable String details,
      byte[] body) {}

  GrpcCaller(Vertx vertx, int port) {
    this.vertx = vertx;
    this.port = port;
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false));
  }

  Answer call(String path, Map<String, String> headers, byte[] body) throws Exception {
    RequestOptions options =
        new RequestOptions()
            .setHost("127.0.0.1")
            .setPort(port)
            .setMethod(HttpMethod.POST)
            .setURI(path)
            .putHeader("content-type", "application/grpc")
            .putHeader("te", "trailers");
    headers.forEach((name, value) -> options.getHeaders().set(name, value));
    CompletableFuture<Answer> answered = new CompletableFuture<>();
    // On a thread of its own, a body that comes before somebody wants it is lost.
    vertx.runOnContext(
        _ ->
            client
                .request(options)
                .compose(request -> request.send(Buffer.buffer(body)))
                .compose(response -> response.body().map(answer -> answered(response, answer)))
                .onSuccess(answered::complete)
                .onFailure(answered::completeExceptionally));
    return answered.get(60, TimeUnit.SECONDS);
  }

  private static Answer answered(HttpClientResponse response, Buffer body) {
    return new Answer(
        response.statusCode(),
        first(response, "grpc-status"),
        first(response, "grpc-message"),
        first(response, "grpc-status-details-bin"),
        body.getBytes());
  }

  private static @Nullable String first(HttpClientResponse response, String name) {
    String header = response.getHeader(name);
    return header != null ? header : response.getTrailer(name);
  }
}
