package io.coral.protocol.http1;

import io.coral.protocol.http1.Http1Head.BodyLength;

/// Tells from its head and its last bytes whether a response is complete (RFC 9112 §6.3), without
/// the bytes between them.
public final class Http1Framing {
  /// The last chunk with the line end before it, so that a chunk size that ends in 0 is not taken
  /// for it.
  private static final String LAST_CHUNK = "\n0\r\n\r\n";

  private Http1Framing() {}

  /// Whether a response has been sent in full.
  ///
  /// @param method of the request
  /// @param head the first bytes of the response
  /// @param tail its last bytes, up to eight
  /// @param responseBytes how many bytes of it were seen
  /// @return false also when the connection's end delimits the body, or the head is not in `head`
  public static boolean isComplete(String method, byte[] head, byte[] tail, long responseBytes) {
    int status = Http1Head.status(head, 0, head.length);
    int endOfHead = Http1Head.endOfHead(head, 0, head.length);
    if (status == 0 || endOfHead < 0) {
      return false;
    }
    if (hasNoBody(method, status)) {
      return responseBytes >= endOfHead;
    }
    BodyLength length = Http1Head.bodyLength(head, 0, endOfHead);
    if (length.chunked()) {
      return Http1Head.startsWith(
          tail, Math.max(0, tail.length - LAST_CHUNK.length()), tail.length, LAST_CHUNK);
    }
    return length.bytes() >= 0 && responseBytes >= endOfHead + length.bytes();
  }

  /// Whether a response to `method` with `status` has no body whatever its head says.
  static boolean hasNoBody(String method, int status) {
    return method.equals("HEAD") || status / 100 == 1 || status == 204 || status == 304;
  }
}
