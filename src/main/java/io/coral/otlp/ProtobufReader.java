package io.coral.otlp;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;

/// A cursor over the fields of one protobuf message
/// (https://protobuf.dev/programming-guides/encoding). [#next] reads a tag; then exactly one of
/// [#varint], [#fixed64], [#fixed32], [#slice] or [#skip] takes the value. A switch over [#tag]
/// with `default -> skip()` treats a known field of another wire type as unknown, as protobuf
/// does.
///
/// Mutable and reusable, for one thread; allocates nothing but the exception. Every read is
/// checked against the end of the message. One reader per level of nesting, moved by [#reset].
public final class ProtobufReader {
  public static final int VARINT = 0;
  public static final int FIXED64 = 1;
  public static final int LENGTH_DELIMITED = 2;
  public static final int START_GROUP = 3;
  public static final int END_GROUP = 4;
  public static final int FIXED32 = 5;

  /// Groups are long deprecated and none is in OTLP; they are only ever skipped.
  static final int MAX_GROUP_DEPTH = 32;

  private static final int MAX_VARINT_BYTES = 10;
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes;
  private int position;
  private int limit;
  private int tag;
  private int start;
  private int end;

  /// @param from where the message begins in `bytes`
  /// @param to where it ends, exclusive
  public ProtobufReader(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    reset(from, to);
  }

  /// The tag of a field: what a switch over [#tag] compares with.
  public static int tag(int field, int wireType) {
    return field << 3 | wireType;
  }

  /// Starts over at another message in the same bytes.
  public void reset(int from, int to) {
    Objects.checkFromToIndex(from, to, bytes.length);
    position = from;
    limit = to;
    tag = 0;
    start = from;
    end = from;
  }

  /// Starts over at a message in other bytes.
  public void reset(byte[] newBytes, int from, int to) {
    bytes = newBytes;
    reset(from, to);
  }

  /// Advances to the next field; false at the end of the message.
  public boolean next() throws MalformedPayloadException {
    int at = position;
    if (at >= limit) {
      return false;
    }
    int first = bytes[at];
    if (first >= 0) {
      position = at + 1;
      tag = first;
    } else {
      long wide = varint();
      if (wide >>> 32 != 0) {
        throw new MalformedPayloadException(
            "tag at byte " + at + ": " + Long.toUnsignedString(wide) + " (expected: 32 bits)");
      }
      tag = (int) wide;
    }
    if (tag >>> 3 == 0) {
      throw new MalformedPayloadException("tag at byte " + at + ": field number 0");
    }
    return true;
  }

  /// Number and wire type of the current field: `number << 3 | wireType`.
  public int tag() {
    return tag;
  }

  /// Number of the current field.
  public int field() {
    return tag >>> 3;
  }

  public int wireType() {
    return tag & 7;
  }

  /// Where the next byte is read.
  public int position() {
    return position;
  }

  /// True when nothing is left; packed values are read until then.
  public boolean atEnd() {
    return position >= limit;
  }

  /// The bytes that [#start] and [#end] refer to.
  public byte[] bytes() {
    return bytes;
  }

  /// Where the value last sliced begins.
  public int start() {
    return start;
  }

  /// Where the value last sliced ends, exclusive.
  public int end() {
    return end;
  }

  /// Takes a varint; bits above the 64th are dropped, as protobuf does.
  public long varint() throws MalformedPayloadException {
    int at = position;
    if (at >= limit) {
      throw truncated(at, "varint");
    }
    long value = bytes[at++];
    if (value >= 0) {
      position = at;
      return value;
    }
    value &= 0x7f;
    int last = Math.min(limit, position + MAX_VARINT_BYTES);
    for (int shift = 7; at < last; shift += 7) {
      long next = bytes[at++];
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        position = at;
        return value;
      }
    }
    if (at - position == MAX_VARINT_BYTES) {
      throw new MalformedPayloadException(
          "varint at byte " + position + where() + ": more than " + MAX_VARINT_BYTES + " bytes");
    }
    throw truncated(position, "varint");
  }

  /// Takes eight bytes; `Double.longBitsToDouble` for a double.
  public long fixed64() throws MalformedPayloadException {
    int at = position;
    if (limit - at < Long.BYTES) {
      throw truncated(at, "fixed64");
    }
    position = at + Long.BYTES;
    return (long) LONG.get(bytes, at);
  }

  /// Takes four bytes.
  public int fixed32() throws MalformedPayloadException {
    int at = position;
    if (limit - at < Integer.BYTES) {
      throw truncated(at, "fixed32");
    }
    position = at + Integer.BYTES;
    return (int) INT.get(bytes, at);
  }

  /// Takes a length-delimited value: [#start] to [#end] then hold where it is. Returns its
  /// length.
  public int slice() throws MalformedPayloadException {
    int at = position;
    int length = at < limit ? bytes[at] : -1;
    if (length >= 0) {
      at++;
    } else {
      long wide = varint();
      at = position;
      if (wide < 0 || wide > limit - at) {
        throw tooLong(wide, at);
      }
      length = (int) wide;
    }
    if (length > limit - at) {
      throw tooLong(length, at);
    }
    start = at;
    end = at + length;
    position = end;
    return length;
  }

  /// Passes over the value of the current field, whatever its type.
  public void skip() throws MalformedPayloadException {
    skip(tag, 0);
  }

  private void skip(int skipped, int depth) throws MalformedPayloadException {
    switch (skipped & 7) {
      case VARINT -> varint();
      case FIXED64 -> fixed64();
      case LENGTH_DELIMITED -> skipSlice();
      case START_GROUP -> skipGroup(skipped >>> 3, depth);
      case FIXED32 -> fixed32();
      default ->
          throw new MalformedPayloadException(
              "wire type " + (skipped & 7) + " of field " + (skipped >>> 3));
    }
  }

  private void skipSlice() throws MalformedPayloadException {
    int keptStart = start;
    int keptEnd = end;
    slice();
    start = keptStart;
    end = keptEnd;
  }

  private void skipGroup(int group, int depth) throws MalformedPayloadException {
    if (depth == MAX_GROUP_DEPTH) {
      throw new MalformedPayloadException(
          "groups in field " + group + ": nested deeper than " + MAX_GROUP_DEPTH);
    }
    int outer = tag;
    while (next()) {
      if (wireType() != END_GROUP) {
        skip(tag, depth + 1);
      } else if (field() == group) {
        tag = outer;
        return;
      } else {
        throw new MalformedPayloadException(
            "end of group " + field() + " (expected: of group " + group + ")");
      }
    }
    throw truncated(position, "group " + group);
  }

  private String where() {
    return tag == 0 ? "" : " in field " + field();
  }

  private MalformedPayloadException truncated(int at, String what) {
    return new MalformedPayloadException(
        what + " at byte " + at + where() + ": cut off by the end of the message");
  }

  private MalformedPayloadException tooLong(long length, int at) {
    return new MalformedPayloadException(
        "length "
            + Long.toUnsignedString(length)
            + where()
            + ": more than the "
            + (limit - at)
            + " bytes left");
  }
}
