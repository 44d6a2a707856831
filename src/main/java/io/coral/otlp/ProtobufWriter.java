package io.coral.otlp;

/// Writes fields of protobuf messages, within a limit of bytes. For one thread.
final class ProtobufWriter {
  private static final int MAX_VARINT_BYTES = 10;

  private final GrowingBytes out;

  ProtobufWriter(int expectedBytes, int maxBytes) {
    this.out = new GrowingBytes(expectedBytes, maxBytes);
  }

  int length() {
    return out.length();
  }

  Payload payload() {
    return out.payload();
  }

  void tag(int field, int wireType) throws PayloadTooLargeException {
    varint((long) field << 3 | wireType);
  }

  void varint(long value) throws PayloadTooLargeException {
    out.reserve(MAX_VARINT_BYTES);
    out.advance(putVarint(out.array(), out.length(), value));
  }

  void fixed64(long value) throws PayloadTooLargeException {
    out.reserve(Long.BYTES);
    putLittleEndian(value, Long.BYTES);
  }

  void fixed32(int value) throws PayloadTooLargeException {
    out.reserve(Integer.BYTES);
    putLittleEndian(value, Integer.BYTES);
  }

  /// Writes length and bytes.
  void bytes(byte[] value) throws PayloadTooLargeException {
    varint(value.length);
    out.reserve(value.length);
    System.arraycopy(value, 0, out.array(), out.length(), value.length);
    out.advance(value.length);
  }

  /// Writes length and UTF-8; a lone surrogate becomes U+FFFD.
  void text(String value) throws PayloadTooLargeException {
    int encoded = Utf8.length(value);
    varint(encoded);
    out.reserve(encoded);
    Utf8.put(value, out.array(), out.length());
    out.advance(encoded);
  }

  /// Begins a length-delimited value of unknown length; the result is for [#close].
  int open() throws PayloadTooLargeException {
    out.reserve(1);
    out.advance(1);
    return out.length();
  }

  /// Ends the value and puts its length before it. One byte was left for the length, which is
  /// enough for most messages; the rest moves up by what is missing.
  void close(int from) throws PayloadTooLargeException {
    int length = out.length() - from;
    int lengthBytes = varintBytes(length);
    if (lengthBytes > 1) {
      out.reserve(lengthBytes - 1);
      System.arraycopy(out.array(), from, out.array(), from + lengthBytes - 1, length);
      out.advance(lengthBytes - 1);
    }
    putVarint(out.array(), from - 1, length);
  }

  /// Removes what lies between two places.
  void remove(int from, int to) {
    System.arraycopy(out.array(), to, out.array(), from, out.length() - to);
    out.truncate(out.length() - (to - from));
  }

  private void putLittleEndian(long value, int count) {
    byte[] array = out.array();
    int at = out.length();
    for (int i = 0; i < count; i++) {
      array[at + i] = (byte) (value >>> (8 * i));
    }
    out.advance(count);
  }

  private static int varintBytes(int value) {
    return value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : value < 1 << 21 ? 3 : value < 1 << 28 ? 4 : 5;
  }

  private static int putVarint(byte[] array, int from, long value) {
    int at = from;
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      array[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    array[at++] = (byte) rest;
    return at - from;
  }
}
