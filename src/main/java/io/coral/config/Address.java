package io.coral.config;

import java.util.Set;

/// Where a server listens.
///
/// @param port 0 = any that is free
public record Address(String host, int port) {
  private static final Set<String> LOOPBACK = Set.of("localhost", "::1", "[::1]");

  public Address {
    if (port < 0 || port > 0xffff) {
      throw new IllegalArgumentException("port: " + port + " (expected: 0..65535)");
    }
  }

  /// Reads `host:port`.
  ///
  /// @throws IllegalArgumentException when it is not of that form
  public static Address parse(String text) {
    int colon = text.lastIndexOf(':');
    try {
      if (colon > 0) {
        return new Address(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
      }
    } catch (NumberFormatException e) {
      throw malformed(text);
    }
    throw malformed(text);
  }

  private static IllegalArgumentException malformed(String text) {
    return new IllegalArgumentException("\"" + text + "\" (expected: host:port)");
  }

  /// Whether only this host can reach it.
  public boolean isLoopback() {
    return LOOPBACK.contains(host) || host.startsWith("127.");
  }

  public Address withPort(int other) {
    return new Address(host, other);
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
