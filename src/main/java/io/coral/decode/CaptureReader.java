package io.coral.decode;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads packets of a capture file, one after the other. Reads pcap, with times in micro- or
/// nanoseconds and of either byte order, and pcapng. A file that ends in the middle of a packet
/// gives what is before it, and [#isCut] is true. One thread.
public final class CaptureReader {
  private static final int MICROS = 0xa1b2c3d4;
  private static final int NANOS = 0xa1b23c4d;
  private static final int SECTION = 0x0a0d0d0a;
  private static final int ORDER = 0x1a2b3c4d;
  private static final int MOST_BYTES = 16 << 20;
  private static final int MOST_INTERFACES = 1_024;

  /// A packet as it was on the wire, or its beginning.
  ///
  /// @param timeNanos Unix time
  /// @param linkType as registered for capture files
  record Packet(long timeNanos, int linkType, byte[] bytes) {}

  /// @param unitsPerSecond of the times
  private record Interface(int linkType, long unitsPerSecond, long offsetSeconds) {}

  private final DataInputStream in;
  private final List<Interface> interfaces = new ArrayList<>();
  private final boolean isNg;
  private ByteOrder order = ByteOrder.BIG_ENDIAN;
  private boolean isCut;

  /// Opens a capture.
  ///
  /// @throws IOException when it cannot be read, or is no capture file
  public CaptureReader(InputStream stream) throws IOException {
    this.in = new DataInputStream(stream);
    try {
      int magic = in.readInt();
      this.isNg = magic == SECTION;
      if (isNg) {
        section();
      } else {
        classic(magic);
      }
    } catch (EOFException e) {
      throw new IOException("it ends before its first packet", e);
    }
  }

  private void classic(int magic) throws IOException {
    int swapped = Integer.reverseBytes(magic);
    boolean isLittle = swapped == MICROS || swapped == NANOS;
    int inOrder = isLittle ? swapped : magic;
    if (inOrder != MICROS && inOrder != NANOS) {
      throw new IOException("it does not begin like pcap or pcapng");
    }
    order = isLittle ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
    ByteBuffer head = block(20);
    interfaces.add(
        new Interface(head.getInt(16) & 0xffff, inOrder == NANOS ? 1_000_000_000L : 1_000_000L, 0));
  }

  /// The next packet, null behind the last.
  @Nullable Packet next() throws IOException {
    try {
      return isNg ? nextNg() : nextClassic();
    } catch (EOFException e) {
      isCut = true;
      return null;
    }
  }

  /// Whether the file ended in the middle of a packet.
  public boolean isCut() {
    return isCut;
  }

  private @Nullable Packet nextClassic() throws IOException {
    int first = in.read();
    if (first < 0) {
      return null;
    }
    byte[] rest = new byte[15];
    in.readFully(rest);
    ByteBuffer head = ByteBuffer.allocate(16).order(order);
    head.put((byte) first).put(rest).flip();
    long seconds = head.getInt() & 0xffffffffL;
    long fraction = head.getInt() & 0xffffffffL;
    int length = head.getInt();
    Interface of = interfaces.getFirst();
    return new Packet(
        seconds * 1_000_000_000L + fraction * (1_000_000_000L / of.unitsPerSecond),
        of.linkType,
        bytes(length));
  }

  private byte[] bytes(int length) throws IOException {
    if (length < 0 || length > MOST_BYTES) {
      throw new IOException("a packet has " + (length & 0xffffffffL) + " bytes");
    }
    byte[] bytes = new byte[length];
    in.readFully(bytes);
    return bytes;
  }

  private ByteBuffer block(int length) throws IOException {
    return ByteBuffer.wrap(bytes(length)).order(order);
  }

  /// Begins a section, behind its type.
  private void section() throws IOException {
    byte[] head = bytes(8);
    ByteBuffer big = ByteBuffer.wrap(head);
    order = big.getInt(4) == ORDER ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    ByteBuffer inOrder = ByteBuffer.wrap(head).order(order);
    if (inOrder.getInt(4) != ORDER) {
      throw new IOException("a section of it has no byte order");
    }
    block(Math.max(0, inOrder.getInt(0) - 12));
    interfaces.clear();
  }

  private @Nullable Packet nextNg() throws IOException {
    while (true) {
      int first = in.read();
      if (first < 0) {
        return null;
      }
      byte[] rest = new byte[3];
      in.readFully(rest);
      ByteBuffer head = ByteBuffer.allocate(4).order(order);
      head.put((byte) first).put(rest).flip();
      int type = head.getInt();
      if (type == SECTION) {
        section();
        continue;
      }
      int length = block(4).getInt();
      if (length < 12) {
        throw new IOException("a block of it has " + length + " bytes");
      }
      ByteBuffer body = block(length - 12);
      in.readFully(new byte[4]);
      switch (type) {
        case 1 -> describe(body);
        case 2, 3, 6 -> {
          Packet packet = packet(type, body);
          if (packet != null) {
            return packet;
          }
        }
        default -> {}
      }
    }
  }

  private void describe(ByteBuffer body) {
    if (body.remaining() < 8 || interfaces.size() >= MOST_INTERFACES) {
      return;
    }
    int linkType = body.getShort() & 0xffff;
    body.position(8);
    long units = 1_000_000;
    long offset = 0;
    while (body.remaining() >= 4) {
      int option = body.getShort() & 0xffff;
      int length = body.getShort() & 0xffff;
      if (option == 0 || length > body.remaining()) {
        break;
      }
      int at = body.position();
      if (option == 9 && length >= 1) {
        int resolution = body.get(at);
        units =
            resolution < 0
                ? 1L << Math.min(resolution & 0x7f, 62)
                : (long) Math.pow(10, Math.min(resolution, 18));
      } else if (option == 14 && length >= 8) {
        offset = body.getLong(at);
      }
      body.position(Math.min(body.limit(), at + (length + 3) / 4 * 4));
    }
    interfaces.add(new Interface(linkType, Math.max(1, units), offset));
  }

  private @Nullable Packet packet(int type, ByteBuffer body) {
    int of = 0;
    long time = 0;
    int length;
    if (type == 3) {
      if (body.remaining() < 4) {
        return null;
      }
      length = Math.min(body.getInt(), body.remaining());
    } else {
      if (body.remaining() < 20) {
        return null;
      }
      of = type == 6 ? body.getInt() : body.getShort() & 0xffff;
      if (type == 2) {
        body.getShort();
      }
      time = ((body.getInt() & 0xffffffffL) << 32) | (body.getInt() & 0xffffffffL);
      length = Math.min(body.getInt(), body.remaining() - 4);
      body.getInt();
    }
    if (of < 0 || of >= interfaces.size() || length < 0) {
      return null;
    }
    Interface seen = interfaces.get(of);
    byte[] bytes = new byte[length];
    body.get(bytes);
    long seconds = time / seen.unitsPerSecond + seen.offsetSeconds;
    double fraction = (double) (time % seen.unitsPerSecond) / seen.unitsPerSecond;
    return new Packet(seconds * 1_000_000_000L + Math.round(fraction * 1e9), seen.linkType, bytes);
  }
}
