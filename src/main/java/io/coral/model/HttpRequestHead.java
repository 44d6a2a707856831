package io.coral.model;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What Coral keeps of the head of an HTTP request. Query strings and header values are dropped in
/// the parser, except for those named here.
///
/// @param method as sent, at most 16 letters
/// @param path the target without query string; `*` and authority forms as they are
/// @param host the `Host` header, empty when there is none or it was not captured
/// @param traceContext of the `traceparent` header
/// @param headers names in lower case and values, only where they were asked for; secrets are `***`
public record HttpRequestHead(
    String method,
    String path,
    String host,
    @Nullable TraceContext traceContext,
    Map<String, String> headers) {
  public HttpRequestHead {
    headers = Map.copyOf(headers);
  }

  public HttpRequestHead(
      String method, String path, String host, @Nullable TraceContext traceContext) {
    this(method, path, host, traceContext, Map.of());
  }
}
