package io.coral.rpc;

import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The Connect protocol (https://connectrpc.com/docs/protocol): unary calls with JSON or protobuf
/// bodies, server streaming with enveloped messages.
final class ConnectHandler {
  private static final int MAX_REQUEST_BYTES = 4 << 20;
  private static final byte END_OF_STREAM = 2;

  /// Printing more of protobuf as JSON takes long enough for an event loop to be missed elsewhere.
  private static final int LARGE_BYTES = 32 << 10;

  private final Vertx vertx;
  private final Map<String, RpcService.Method> methods = new HashMap<>();
  private final JsonFormat.Printer printer = JsonFormat.printer().omittingInsignificantWhitespace();
  private final JsonFormat.Parser parser = JsonFormat.parser().ignoringUnknownFields();

  ConnectHandler(Vertx vertx, List<RpcService> services) {
    this.vertx = vertx;
    for (RpcService service : services) {
      service
          .methods()
          .forEach(
              (name, method) ->
                  methods.put("/" + service.descriptor().getFullName() + "/" + name, method));
    }
  }

  boolean knows(@Nullable String path) {
    return path != null && methods.containsKey(path);
  }

  void handle(HttpServerRequest request) {
    RpcService.Method method = methods.get(request.path());
    if (method == null) {
      throw new IllegalStateException("unknown method " + request.path());
    }
    if (!request.method().equals(HttpMethod.POST)) {
      request.response().setStatusCode(405).putHeader("allow", "POST").end();
      return;
    }
    String declared = request.getHeader("content-length");
    if (declared != null && declared.length() > 7) {
      sendError(
          request.response(), new RpcException(RpcCode.RESOURCE_EXHAUSTED, "request too large"));
      return;
    }
    Buffer body = Buffer.buffer();
    request.handler(
        chunk -> {
          if (body.length() + chunk.length() <= MAX_REQUEST_BYTES) {
            body.appendBuffer(chunk);
          } else {
            request.connection().close();
          }
        });
    String header = request.getHeader("content-type");
    String contentType = header == null ? "" : header.split(";", 2)[0].trim();
    request.endHandler(
        _ -> {
          switch (method) {
            case RpcService.Unary unary -> unary(request.response(), unary, contentType, body);
            case RpcService.ServerStreaming streaming ->
                stream(request.response(), streaming, contentType, body);
          }
        });
  }

  private void unary(
      HttpServerResponse response, RpcService.Unary method, String contentType, Buffer body) {
    boolean json = contentType.equals("application/json");
    if (!json && !contentType.equals("application/proto")) {
      unsupported(response, "application/json, application/proto");
      return;
    }
    RpcServer.safely(() -> method.handler().apply(decode(method, body, json)))
        .compose(
            answer ->
                json && answer.getSerializedSize() > LARGE_BYTES
                    ? vertx.executeBlocking(() -> encode(answer, true), false)
                    : Future.succeededFuture(encode(answer, json)))
        .onSuccess(encoded -> response.putHeader("content-type", contentType).end(encoded))
        .onFailure(failure -> sendError(response, RpcException.of(failure)));
  }

  private void stream(
      HttpServerResponse response,
      RpcService.ServerStreaming method,
      String contentType,
      Buffer body) {
    boolean json = contentType.equals("application/connect+json");
    if (!json && !contentType.equals("application/connect+proto")) {
      unsupported(response, "application/connect+json, application/connect+proto");
      return;
    }
    response.putHeader("content-type", contentType).setChunked(true);
    RpcServer.safely(
            () -> {
              if (body.length() < 5 || body.getInt(1) != body.length() - 5) {
                throw new RpcException(
                    RpcCode.INVALID_ARGUMENT, "the request is not one enveloped message");
              }
              Message request = decode(method, body.getBuffer(5, body.length()), json);
              return method
                  .handler()
                  .answer(
                      request,
                      message -> response.write(envelope((byte) 0, encode(message, json))));
            })
        .recover(
            failure ->
                response
                    .end(
                        envelope(
                            END_OF_STREAM,
                            Buffer.buffer(
                                "{\"error\":" + errorJson(RpcException.of(failure)) + "}")))
                    .compose(_ -> Future.failedFuture(failure)))
        .onSuccess(_ -> response.end(envelope(END_OF_STREAM, Buffer.buffer("{}"))));
  }

  private Message decode(RpcService.Method method, Buffer body, boolean json) {
    Message.Builder builder = method.requestPrototype().newBuilderForType();
    try {
      if (json) {
        String text = body.toString(StandardCharsets.UTF_8);
        parser.merge(text.isBlank() ? "{}" : text, builder);
      } else {
        builder.mergeFrom(body.getBytes());
      }
    } catch (InvalidProtocolBufferException e) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT, "the request cannot be read: " + e.getMessage());
    }
    return builder.build();
  }

  private Buffer encode(Message message, boolean json) {
    if (!json) {
      return Buffer.buffer(message.toByteArray());
    }
    try {
      return Buffer.buffer(printer.print(message));
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("an answer cannot be printed", e);
    }
  }

  private static Buffer envelope(byte flags, Buffer message) {
    return Buffer.buffer(5 + message.length())
        .appendByte(flags)
        .appendInt(message.length())
        .appendBuffer(message);
  }

  private static void unsupported(HttpServerResponse response, String accepted) {
    response.setStatusCode(415).putHeader("accept-post", accepted).end();
  }

  private static void sendError(HttpServerResponse response, RpcException error) {
    response
        .setStatusCode(error.code().httpStatus())
        .putHeader("content-type", "application/json")
        .end(errorJson(error));
  }

  private static String errorJson(RpcException error) {
    JsonObject json = new JsonObject();
    json.addProperty("code", error.code().connectName());
    json.addProperty("message", error.getMessage());
    return json.toString();
  }
}
