package io.coral.model;

/// The key of a hop: which client sent which byte. Both ends compute it from what they see, so that
/// spans of client and server can be joined without a header.
///
/// Layout: bits 0–31 the TCP sequence number of the first request byte, bits 32–47 the port of the
/// client, bits 48–63 a hash of its address. After network address translation only the sequence
/// number is the same.
public final class LinkKey {
  private LinkKey() {}

  /// @param client the client's end of the connection
  public static long of(Endpoint client, int sequence) {
    long hash = (client.high() * 31 + client.low()) * 0x9e3779b97f4a7c15L;
    return (hash & 0xffff_0000_0000_0000L)
        | (long) client.port() << 32
        | Integer.toUnsignedLong(sequence);
  }

  /// The key of an exchange.
  public static long of(Exchange exchange) {
    return of(
        exchange.role() == Role.CLIENT ? exchange.local() : exchange.remote(),
        exchange.linkSequence());
  }

  /// The part that address translation leaves alone.
  public static int sequence(long key) {
    return (int) key;
  }

  /// A hash of the request line, the same on every host.
  public static long requestHash(HttpRequestHead request) {
    return (long) request.method().hashCode() << 32
        | Integer.toUnsignedLong(request.path().hashCode());
  }
}
