package io.coral.decode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Writes a capture of one client (port 40000) and one server. Packets are a millisecond apart.
final class CaptureFile {
  /// What is in front of IP.
  enum Link {
    ETHERNET(1),
    VLAN(1),
    COOKED(113),
    COOKED_2(276),
    RAW(101),
    LOOPBACK(0);

    private final int type;

    Link(int type) {
      this.type = type;
    }
  }

  /// How packets are kept.
  enum Format {
    MICROS,
    NANOS,
    MICROS_BIG_ENDIAN,
    NG
  }

  static final int CLIENT_PORT = 40_000;
  static final long FIRST_MILLIS = 1_767_366_000_000L;

  private static final int SYN = 2;
  private static final int ACK = 16;

  private final Format format;
  private final Link link;
  private final boolean isIpv6;
  private final int serverPort;
  private final ByteArrayOutputStream file = new ByteArrayOutputStream();
  private long millis = FIRST_MILLIS;
  private int snapshotBytes = 65_535;

  CaptureFile(Format format, Link link, boolean isIpv6, int serverPort) {
    this.format = format;
    this.link = link;
    this.isIpv6 = isIpv6;
    this.serverPort = serverPort;
    begin();
  }

  static CaptureFile of(int serverPort) {
    return new CaptureFile(Format.MICROS, Link.ETHERNET, false, serverPort);
  }

  /// Keeps no more of a packet from here on.
  CaptureFile keepingOnly(int bytes) {
    snapshotBytes = bytes;
    return this;
  }

  private void begin() {
    switch (format) {
      case NG -> {
        // A section, an interface with times in nanoseconds, and a block that nobody knows.
        write(
            little(28)
                .putInt(0x0a0d0d0a)
                .putInt(28)
                .putInt(0x1a2b3c4d)
                .putShort((short) 1)
                .putShort((short) 0)
                .putLong(-1)
                .putInt(28));
        write(
            little(32)
                .putInt(1)
                .putInt(32)
                .putShort((short) link.type)
                .putShort((short) 0)
                .putInt(0)
                .putShort((short) 9)
                .putShort((short) 1)
                .put((byte) 9)
                .put(new byte[3])
                .putInt(0)
                .putInt(32));
        write(little(16).putInt(0x0bad).putInt(16).putInt(7).putInt(16));
      }
      default -> {
        ByteBuffer head = classic(24);
        head.putInt(format == Format.NANOS ? 0xa1b23c4d : 0xa1b2c3d4);
        head.putShort((short) 2).putShort((short) 4).putLong(0).putInt(65_535).putInt(link.type);
        write(head);
      }
    }
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer classic(int bytes) {
    return ByteBuffer.allocate(bytes)
        .order(format == Format.MICROS_BIG_ENDIAN ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
  }

  /// The SYNs of both ends.
  CaptureFile connects(int clientSequence, int serverSequence) {
    tcp(true, clientSequence, SYN, new byte[0]);
    tcp(false, serverSequence, SYN | ACK, new byte[0]);
    return this;
  }

  CaptureFile client(int sequence, byte[] payload) {
    return tcp(true, sequence, ACK, payload);
  }

  CaptureFile server(int sequence, byte[] payload) {
    return tcp(false, sequence, ACK, payload);
  }

  private CaptureFile tcp(boolean fromClient, int sequence, int flags, byte[] payload) {
    // Twelve bytes of options.
    ByteBuffer segment = ByteBuffer.allocate(32 + payload.length);
    ports(segment, fromClient);
    segment.putInt(sequence).putInt(0).put((byte) 0x80).put((byte) flags);
    segment.putShort((short) 512).putInt(0).position(32);
    segment.put(payload);
    return packet(fromClient, 6, segment.array());
  }

  CaptureFile datagram(boolean fromClient, byte[] payload) {
    ByteBuffer datagram = ByteBuffer.allocate(8 + payload.length);
    ports(datagram, fromClient);
    datagram.putShort((short) (8 + payload.length)).putShort((short) 0).put(payload);
    return packet(fromClient, 17, datagram.array());
  }

  /// A packet with neither TCP nor UDP.
  CaptureFile ping() {
    return packet(true, 1, new byte[8]);
  }

  private void ports(ByteBuffer to, boolean fromClient) {
    to.putShort((short) (fromClient ? CLIENT_PORT : serverPort));
    to.putShort((short) (fromClient ? serverPort : CLIENT_PORT));
  }

  private CaptureFile packet(boolean fromClient, int protocol, byte[] transport) {
    ByteBuffer packet = ByteBuffer.allocate(80 + transport.length);
    int type = isIpv6 ? 0x86dd : 0x0800;
    switch (link) {
      case ETHERNET -> packet.position(12).putShort((short) type);
      case VLAN ->
          packet.position(12).putShort((short) 0x8100).putShort((short) 7).putShort((short) type);
      case COOKED -> packet.position(14).putShort((short) type);
      case COOKED_2 -> packet.putShort((short) type).position(20);
      case RAW -> {}
      case LOOPBACK -> packet.putInt(isIpv6 ? 10 : 2);
    }
    byte ends = (byte) (fromClient ? 1 : 2);
    byte other = (byte) (fromClient ? 2 : 1);
    if (isIpv6) {
      // A header of options in between.
      packet.putInt(0x60000000).putShort((short) (8 + transport.length)).put((byte) 60);
      packet.put((byte) 64).put(new byte[15]).put(ends).put(new byte[15]).put(other);
      packet.put((byte) protocol).put(new byte[7]);
    } else {
      packet.put((byte) 0x45).put((byte) 0).putShort((short) (20 + transport.length)).putInt(0);
      packet.put((byte) 64).put((byte) protocol).putShort((short) 0);
      packet.put(new byte[] {10, 0, 0, ends}).put(new byte[] {10, 0, 0, other});
    }
    packet.put(transport);
    write(Arrays.copyOf(packet.array(), packet.position()));
    millis++;
    return this;
  }

  private void write(byte[] packet) {
    int kept = Math.min(packet.length, snapshotBytes);
    if (format == Format.NG) {
      int padded = (kept + 3) / 4 * 4;
      long nanos = millis * 1_000_000;
      ByteBuffer block = little(32 + padded);
      block.putInt(6).putInt(32 + padded).putInt(0);
      block.putInt((int) (nanos >> 32)).putInt((int) nanos).putInt(kept).putInt(packet.length);
      block.put(packet, 0, kept).position(28 + padded).putInt(32 + padded);
      write(block);
    } else {
      int fraction = (int) (millis % 1000) * (format == Format.NANOS ? 1_000_000 : 1000);
      ByteBuffer record = classic(16 + kept);
      record.putInt((int) (millis / 1000)).putInt(fraction).putInt(kept).putInt(packet.length);
      record.put(packet, 0, kept);
      write(record);
    }
  }

  /// Writes all of a buffer, however much of it was filled.
  private void write(ByteBuffer buffer) {
    buffer.clear();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    file.writeBytes(bytes);
  }

  byte[] bytes() {
    return file.toByteArray();
  }

  InputStream stream() {
    return new ByteArrayInputStream(bytes());
  }
}
