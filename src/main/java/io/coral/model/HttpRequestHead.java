package io.coral.model;

import org.jspecify.annotations.Nullable;

/// What Coral keeps of the head of an HTTP request. Query strings and header values are dropped in
/// the parser, except for those named here.
///
/// @param method as sent, at most 16 letters
/// @param path the target without query string; `*` and authority forms as they are
/// @param host the `Host` header, empty when there is none or it was not captured
/// @param traceContext of the `traceparent` header
public record HttpRequestHead(
    String method, String path, String host, @Nullable TraceContext traceContext) {}
