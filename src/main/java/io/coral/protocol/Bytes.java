package io.coral.protocol;

import java.nio.charset.StandardCharsets;

/// Reads what a message is made of, from first bytes that may end anywhere: what is not there reads
/// as zero or empty, and [#missing] tells so. Owned by one thread.
public final class Bytes {
  private final byte[] bytes;
  private final int end;
  private int at;
  private boolean missing;

  public Bytes(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.at = from;
    this.end = Math.min(to, bytes.length);
  }

  /// Of a frame, behind its header.
  public static Bytes of(FrameStream.Frame frame, int from) {
    return new Bytes(frame.bytes(), from, frame.length());
  }

  /// Whether something was read that was not there.
  public boolean missing() {
    return missing;
  }

  public int position() {
    return at;
  }

  public int left() {
    return Math.max(0, end - at);
  }

  public Bytes skip(long count) {
    if (count < 0 || count > left()) {
      missing = true;
      at = end;
    } else {
      at += (int) count;
    }
    return this;
  }

  private boolean lacks(int count) {
    if (left() < count) {
      missing = true;
      at = end;
      return true;
    }
    return false;
  }

  public int u8() {
    return lacks(1) ? 0 : bytes[at++] & 0xff;
  }

  /// The byte that [#u8] gives next, 0 when there is none.
  public int peek() {
    return left() == 0 ? 0 : bytes[at] & 0xff;
  }

  public int u16() {
    return lacks(2) ? 0 : ((bytes[at++] & 0xff) << 8) | (bytes[at++] & 0xff);
  }

  public short i16() {
    return (short) u16();
  }

  public int i32() {
    return lacks(4) ? 0 : u16() << 16 | u16();
  }

  public long i64() {
    return lacks(8) ? 0 : ((long) i32() << 32) | (i32() & 0xffffffffL);
  }

  /// Little-endian.
  public long le(int count) {
    if (lacks(count)) {
      return 0;
    }
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (bytes[at++] & 0xffL) << (8 * i);
    }
    return value;
  }

  /// A number in groups of seven bits, the lowest first; at most 32 bits.
  public int varint() {
    int value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int next = u8();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) {
        return value;
      }
    }
    missing = true;
    at = end;
    return 0;
  }

  /// Text of a length; what is there of it.
  public String text(long length) {
    int count = Math.clamp(length, 0, left());
    missing |= length != count;
    String text = new String(bytes, at, count, StandardCharsets.UTF_8);
    at += count;
    return text;
  }

  /// Text up to a zero byte, which is skipped; what is there of it.
  public String textToZero() {
    int to = at;
    while (to < end && bytes[to] != 0) {
      to++;
    }
    String text = new String(bytes, at, to - at, StandardCharsets.UTF_8);
    missing |= to == end;
    at = Math.min(end, to + 1);
    return text;
  }
}
