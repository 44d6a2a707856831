package io.coral.model;

import java.net.InetAddress;
import java.net.UnknownHostException;

/// A TCP endpoint, kept as two numbers so that the hot path allocates no address object.
///
/// @param family 4 or 6
/// @param high the first eight bytes of the address in network order; an IPv4 address fills the
///     upper half
/// @param low the last eight bytes, 0 for IPv4
/// @param port 0 to 65535
public record Endpoint(int family, long high, long low, int port) {
  private static final long MAPPED_PREFIX = 0xffffL;

  public Endpoint {
    if (family != 4 && family != 6) {
      throw new IllegalArgumentException("family: " + family + " (expected: 4 or 6)");
    }
    if (port < 0 || port > 0xffff) {
      throw new IllegalArgumentException("port: " + port + " (expected: 0..65535)");
    }
  }

  /// The address in its usual text form; an IPv4-mapped IPv6 address as IPv4.
  public String address() {
    if (family == 4) {
      return dotted((int) (high >>> 32));
    }
    if (high == 0 && low >>> 32 == MAPPED_PREFIX) {
      return dotted((int) low);
    }
    byte[] bytes = new byte[16];
    for (int i = 0; i < 8; i++) {
      bytes[i] = (byte) (high >>> (56 - 8 * i));
      bytes[8 + i] = (byte) (low >>> (56 - 8 * i));
    }
    try {
      return InetAddress.getByAddress(bytes).getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("16 bytes are an address", e);
    }
  }

  /// `address:port`, an IPv6 address in brackets.
  public String hostAndPort() {
    String address = address();
    return (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port;
  }

  private static String dotted(int value) {
    return (value >>> 24)
        + "."
        + ((value >>> 16) & 0xff)
        + "."
        + ((value >>> 8) & 0xff)
        + "."
        + (value & 0xff);
  }
}
