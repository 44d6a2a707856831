package io.coral.rpc;

import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import com.google.protobuf.Message;
import io.vertx.core.Future;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/// A service of the API: its descriptor and what each method does.
///
/// Handlers run on the event loop that took the call and must not block it.
public final class RpcService {
  private final ServiceDescriptor descriptor;
  private final Map<String, Method> methods = new LinkedHashMap<>();

  /// Where a streaming method puts its messages.
  public interface Sink {
    /// Completes when the caller has room for more.
    Future<Void> write(Message message);
  }

  /// What a streaming method does; the stream ends when the future does.
  public interface Streaming<T> {
    Future<Void> answer(T request, Sink sink);
  }

  sealed interface Method {
    MethodDescriptor descriptor();

    Message requestPrototype();

    Message responsePrototype();
  }

  record Unary(
      MethodDescriptor descriptor,
      Message requestPrototype,
      Message responsePrototype,
      Function<Message, Future<Message>> handler)
      implements Method {}

  record ServerStreaming(
      MethodDescriptor descriptor,
      Message requestPrototype,
      Message responsePrototype,
      Streaming<Message> handler)
      implements Method {}

  public RpcService(ServiceDescriptor descriptor) {
    this.descriptor = descriptor;
  }

  /// Binds a unary method.
  ///
  /// @param request default instance of the request
  /// @param response default instance of the response
  /// @throws IllegalArgumentException when the service has no such method
  public <Q extends Message, A extends Message> RpcService unary(
      String name, Q request, A response, Function<Q, Future<A>> handler) {
    @SuppressWarnings("unchecked")
    Function<Message, Future<Message>> erased =
        message -> handler.apply((Q) message).map(answer -> (Message) answer);
    methods.put(name, new Unary(method(name), request, response, erased));
    return this;
  }

  /// Binds a method that answers with a stream, see [#unary].
  public <Q extends Message> RpcService streaming(
      String name, Q request, Message response, Streaming<Q> handler) {
    @SuppressWarnings("unchecked")
    Streaming<Message> erased = (message, sink) -> handler.answer((Q) message, sink);
    methods.put(name, new ServerStreaming(method(name), request, response, erased));
    return this;
  }

  private MethodDescriptor method(String name) {
    MethodDescriptor method = descriptor.findMethodByName(name);
    if (method == null) {
      throw new IllegalArgumentException(descriptor.getFullName() + " has no method " + name);
    }
    return method;
  }

  ServiceDescriptor descriptor() {
    return descriptor;
  }

  Map<String, Method> methods() {
    return methods;
  }
}
