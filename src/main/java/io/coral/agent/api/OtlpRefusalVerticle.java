package io.coral.agent.api;

import io.coral.config.Address;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.BindException;

/// Holds the OTLP ports and says that OTLP is not taken in yet: UNIMPLEMENTED to gRPC, 501 to HTTP.
/// An exporter then logs one clear line instead of "connection refused". Event loop.
public final class OtlpRefusalVerticle extends VerticleBase {
  private static final String MESSAGE = "OTLP is not supported yet by this version of Coral";
  private static final String GRPC_UNIMPLEMENTED = "12";

  private final Address grpc;
  private final Address http;

  public OtlpRefusalVerticle(Address grpc, Address http) {
    this.grpc = grpc;
    this.http = http;
  }

  @Override
  public Future<?> start() {
    return Future.all(listen(grpc), listen(http));
  }

  private Future<?> listen(Address address) {
    return vertx
        .createHttpServer(new HttpServerOptions().setHost(address.host()).setPort(address.port()))
        .requestHandler(OtlpRefusalVerticle::refuse)
        .listen()
        .recover(
            failure ->
                Future.failedFuture(new BindException(address + ": " + failure.getMessage())));
  }

  private static void refuse(HttpServerRequest request) {
    String contentType = request.getHeader("content-type");
    if (contentType != null && contentType.startsWith("application/grpc")) {
      request
          .response()
          .putHeader("content-type", "application/grpc")
          .putHeader("grpc-status", GRPC_UNIMPLEMENTED)
          .putHeader("grpc-message", MESSAGE)
          .end();
    } else {
      request.response().setStatusCode(501).end(MESSAGE + "\n");
    }
  }
}
