package io.coral.rpc;

import com.google.protobuf.Message;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import io.vertx.grpc.health.HealthService;
import io.vertx.grpc.reflection.ReflectionService;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.Service;
import io.vertx.grpc.server.ServiceBuilder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Serves services and routes on one port: gRPC and gRPC-Web by content type, Connect by the path
/// of a method, everything else by the routes. Reflection v1 and health v1 are always there.
///
/// Runs on the event loop of the verticle that calls [#listen].
public final class RpcServer {
  private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);
  private static final long MAX_MESSAGE_BYTES = 8L << 20;

  private final Vertx vertx;
  private final GrpcServer grpc;
  private final ConnectHandler connect;
  private final Map<String, Handler<HttpServerRequest>> routes = new HashMap<>();

  /// @param serving what the health service says
  public RpcServer(Vertx vertx, List<RpcService> services, BooleanSupplier serving) {
    this.vertx = vertx;
    this.grpc =
        GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(MAX_MESSAGE_BYTES));
    this.connect = new ConnectHandler(vertx, services);
    HealthService health = HealthService.create(vertx);
    health.register("", () -> Future.succeededFuture(serving.getAsBoolean()));
    for (RpcService service : services) {
      String name = service.descriptor().getFullName();
      grpc.addService(bound(service));
      health.register(name, () -> Future.succeededFuture(serving.getAsBoolean()));
    }
    grpc.addService(health);
    grpc.addService(ReflectionService.v1());
  }

  /// Answers GET on a path; one that ends in `/` also answers everything below it.
  public RpcServer get(String path, Handler<HttpServerRequest> handler) {
    routes.put(path, handler);
    return this;
  }

  /// Opens the port.
  ///
  /// @param port 0 = any that is free
  public Future<HttpServer> listen(String host, int port) {
    return vertx
        .createHttpServer(new HttpServerOptions().setHost(host).setPort(port))
        .requestHandler(this::handle)
        .listen();
  }

  private void handle(HttpServerRequest request) {
    String contentType = request.getHeader("content-type");
    if (contentType != null && contentType.startsWith("application/grpc")) {
      grpc.handle(request);
    } else if (connect.knows(request.path())) {
      connect.handle(request);
    } else {
      route(request);
    }
  }

  private void route(HttpServerRequest request) {
    String path = request.path() == null ? "/" : request.path();
    Handler<HttpServerRequest> handler = routes.get(path);
    for (int slash = path.lastIndexOf('/');
        handler == null && slash > 0;
        slash = path.lastIndexOf('/', slash - 1)) {
      handler = routes.get(path.substring(0, slash + 1));
    }
    if (handler == null) {
      request.response().setStatusCode(404).end("nothing is served at this path\n");
    } else if (!request.method().equals(HttpMethod.GET)
        && !request.method().equals(HttpMethod.HEAD)) {
      request.response().setStatusCode(405).putHeader("allow", "GET, HEAD").end();
    } else {
      handler.handle(request);
    }
  }

  private static Service bound(RpcService service) {
    ServiceName name = ServiceName.create(service.descriptor().getFullName());
    ServiceBuilder builder = Service.service(name, service.descriptor());
    service.methods().forEach((methodName, method) -> bind(builder, name, methodName, method));
    return builder.build();
  }

  private static void bind(
      ServiceBuilder builder, ServiceName service, String methodName, RpcService.Method method) {
    ServiceMethod<Message, Message> bound =
        ServiceMethod.server(
            service, methodName, GrpcMessageEncoder.encoder(), decoder(method.requestPrototype()));
    switch (method) {
      case RpcService.Unary unary ->
          builder.bind(
              bound,
              call ->
                  call.handler(
                      request ->
                          safely(() -> unary.handler().apply(request))
                              .onSuccess(answer -> call.response().end(answer))
                              .onFailure(failure -> fail(call, failure))));
      case RpcService.ServerStreaming streaming ->
          builder.bind(
              bound,
              call ->
                  call.handler(
                      request ->
                          safely(
                                  () ->
                                      streaming
                                          .handler()
                                          .answer(
                                              request, message -> call.response().write(message)))
                              .onSuccess(_ -> call.response().end())
                              .onFailure(failure -> fail(call, failure))));
    }
  }

  private static GrpcMessageDecoder<Message> decoder(Message prototype) {
    return GrpcMessageDecoder.decoder(prototype);
  }

  /// A handler that throws has failed.
  static <T> Future<T> safely(java.util.function.Supplier<Future<T>> handler) {
    try {
      return handler.get();
    } catch (RuntimeException e) {
      return Future.failedFuture(e);
    }
  }

  private static void fail(GrpcServerRequest<Message, Message> call, Throwable failure) {
    RpcException known = RpcException.of(failure);
    try {
      call.response().status(known.code().grpcStatus()).statusMessage(known.getMessage()).end();
    } catch (IllegalStateException e) {
      LOG.debug("the caller of {} is gone", call.fullMethodName(), e);
    }
  }
}
