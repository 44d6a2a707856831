package io.coral.rpc;

import com.google.protobuf.Message;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.common.GrpcMessageDecoder;
import io.vertx.grpc.common.GrpcMessageEncoder;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.common.ServiceMethod;
import io.vertx.grpc.common.ServiceName;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// Calls other Coral processes over gRPC (h2c). Results arrive on the caller's context.
public final class RpcClient {
  /// Greatest message that is taken. Whoever answers with rows cuts them well below this.
  public static final int MAX_MESSAGE_BYTES = 32 << 20;

  private final GrpcClient client;

  public RpcClient(Vertx vertx) {
    this.client =
        GrpcClient.client(
            vertx,
            new GrpcClientOptions().setMaxMessageSize(MAX_MESSAGE_BYTES),
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false)
                .setConnectTimeout(2000));
  }

  /// Asks once.
  ///
  /// @param endpoint `host:port`
  /// @param method `package.Service/Method`
  /// @return fails with the status when it is not OK, or when the deadline passes
  public <A extends Message> Future<A> unary(
      String endpoint, String method, Message request, A responsePrototype, Duration deadline) {
    Promise<A> answer = Promise.promise();
    return stream(endpoint, method, request, responsePrototype, deadline, answer::tryComplete)
        .compose(
            _ -> {
              answer.tryFail(new RpcException(RpcCode.INTERNAL, method + " gave no answer"));
              return answer.future();
            });
  }

  /// Asks for a stream; completes at its end.
  ///
  /// @param each takes every message in order
  public <A extends Message> Future<Void> stream(
      String endpoint,
      String method,
      Message request,
      A responsePrototype,
      Duration deadline,
      Consumer<A> each) {
    int slash = method.indexOf('/');
    ServiceMethod<A, Message> target =
        ServiceMethod.client(
            ServiceName.create(method.substring(0, slash)),
            method.substring(slash + 1),
            GrpcMessageEncoder.encoder(),
            decoder(responsePrototype));
    return client
        .request(address(endpoint), target)
        .compose(
            call -> {
              call.timeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
              return call.send(request);
            })
        .compose(
            response -> {
              Promise<Void> end = Promise.promise();
              response.handler(each::accept);
              response.exceptionHandler(end::tryFail);
              response.endHandler(
                  _ -> {
                    if (response.status() == GrpcStatus.OK) {
                      end.tryComplete();
                    } else {
                      end.tryFail(
                          new RpcException(
                              RpcCode.UNAVAILABLE,
                              method
                                  + ": "
                                  + response.status().name()
                                  + " "
                                  + response.statusMessage()));
                    }
                  });
              return end.future();
            })
        .timeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
  }

  @SuppressWarnings("unchecked")
  private static <A extends Message> GrpcMessageDecoder<A> decoder(A prototype) {
    return GrpcMessageDecoder.<A>decoder(prototype);
  }

  private static SocketAddress address(String endpoint) {
    int colon = endpoint.lastIndexOf(':');
    return SocketAddress.inetSocketAddress(
        Integer.parseInt(endpoint.substring(colon + 1)), endpoint.substring(0, colon));
  }

  public Future<Void> close() {
    return client.close();
  }
}
