package io.coral.decode;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// What a packet carries of TCP or UDP: over Ethernet with VLANs, Linux's cooked captures, loopback
/// or nothing; over IPv4 and IPv6.
///
/// @param payloadBytes of the packet, also those that were not captured
record Headers(
    boolean isTcp,
    InetSocketAddress from,
    InetSocketAddress to,
    int sequence,
    int flags,
    byte[] payload,
    int payloadBytes) {
  static final int FIN = 1;
  static final int SYN = 2;
  static final int RST = 4;
  static final int ACK = 16;
  private static final int TCP = 6;
  private static final int UDP = 17;
  private static final int VLAN = 0x8100;
  private static final int VLAN_OUTER = 0x88a8;
  private static final int IPV4 = 0x0800;
  private static final int IPV6 = 0x86dd;

  /// @return null when the packet carries neither, or only a later fragment of it
  static @Nullable Headers of(CaptureReader.Packet packet) {
    try {
      return read(packet);
    } catch (IndexOutOfBoundsException e) {
      // The packet ends in its headers.
      return null;
    }
  }

  private static @Nullable Headers read(CaptureReader.Packet packet) {
    byte[] bytes = packet.bytes();
    return switch (packet.linkType()) {
      case 1 -> typed(bytes, u16(bytes, 12), 14);
      case 113 -> typed(bytes, u16(bytes, 14), 16);
      case 276 -> typed(bytes, u16(bytes, 0), 20);
      case 0, 108 -> ip(bytes, 4);
      case 12, 14, 101, 228, 229 -> ip(bytes, 0);
      default -> null;
    };
  }

  private static @Nullable Headers typed(byte[] bytes, int type, int at) {
    int next = type;
    int from = at;
    while (next == VLAN || next == VLAN_OUTER) {
      next = u16(bytes, from + 2);
      from += 4;
    }
    return next == IPV4 || next == IPV6 ? ip(bytes, from) : null;
  }

  private static @Nullable Headers ip(byte[] bytes, int at) {
    int version = (bytes[at] & 0xff) >> 4;
    if (version == 4) {
      int head = (bytes[at] & 15) * 4;
      int total = u16(bytes, at + 2);
      boolean isLaterFragment = (u16(bytes, at + 6) & 0x1fff) != 0;
      // Segmentation by the card leaves the length at 0.
      int end = total == 0 ? bytes.length : at + total;
      return isLaterFragment
          ? null
          : transport(
              bytes[at + 9] & 0xff,
              bytes,
              at + head,
              end,
              address(bytes, at + 12, 4),
              address(bytes, at + 16, 4));
    }
    if (version != 6) {
      return null;
    }
    int length = u16(bytes, at + 4);
    int end = length == 0 ? bytes.length : at + 40 + length;
    int next = bytes[at + 6] & 0xff;
    int from = at + 40;
    while (next == 0 || next == 43 || next == 60 || next == 44) {
      if (next == 44 && (u16(bytes, from + 2) & 0xfff8) != 0) {
        return null;
      }
      int size = next == 44 ? 8 : 8 + (bytes[from + 1] & 0xff) * 8;
      next = bytes[from] & 0xff;
      from += size;
    }
    return transport(
        next, bytes, from, end, address(bytes, at + 8, 16), address(bytes, at + 24, 16));
  }

  private static @Nullable Headers transport(
      int protocol, byte[] bytes, int at, int end, InetAddress source, InetAddress target) {
    if (protocol != TCP && protocol != UDP) {
      return null;
    }
    boolean isTcp = protocol == TCP;
    int from = at + (isTcp ? ((bytes[at + 12] & 0xff) >> 4) * 4 : 8);
    int length = Math.max(0, end - from);
    int there = Math.clamp((long) bytes.length - from, 0, length);
    return new Headers(
        isTcp,
        new InetSocketAddress(source, u16(bytes, at)),
        new InetSocketAddress(target, u16(bytes, at + 2)),
        isTcp ? u16(bytes, at + 4) << 16 | u16(bytes, at + 6) : 0,
        isTcp ? bytes[at + 13] & 0xff : 0,
        there == 0 ? new byte[0] : Arrays.copyOfRange(bytes, from, from + there),
        length);
  }

  private static int u16(byte[] bytes, int at) {
    return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
  }

  private static InetAddress address(byte[] bytes, int at, int length) {
    if (at + length > bytes.length) {
      throw new IndexOutOfBoundsException(at);
    }
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, at, at + length));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
