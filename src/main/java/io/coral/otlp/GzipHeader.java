package io.coral.otlp;

/// The header of a gzip member, https://www.rfc-editor.org/rfc/rfc1952#section-2.3.
final class GzipHeader {
  private static final int FIXED_BYTES = 10;
  private static final int FLAG_CHECKSUM = 2;
  private static final int FLAG_EXTRA = 4;
  private static final int FLAG_NAME = 8;
  private static final int FLAG_COMMENT = 16;
  private static final int FLAGS_RESERVED = 0xe0;

  private GzipHeader() {}

  /// Where the deflated data of the member begin that begins at `from`.
  static int skip(byte[] bytes, int from, int to) throws MalformedPayloadException {
    if (to - from < FIXED_BYTES) {
      throw new MalformedPayloadException("gzip: cut off in the header");
    }
    if (bytes[from] != 0x1f || bytes[from + 1] != (byte) 0x8b || bytes[from + 2] != 8) {
      throw new MalformedPayloadException("gzip: no member at byte " + from);
    }
    int flags = bytes[from + 3];
    if ((flags & FLAGS_RESERVED) != 0) {
      throw new MalformedPayloadException("gzip: reserved flags " + (flags & FLAGS_RESERVED));
    }
    int at = from + FIXED_BYTES;
    if ((flags & FLAG_EXTRA) != 0) {
      at = checked(at + 2, to);
      at = checked(at + ((bytes[at - 2] & 0xff) | (bytes[at - 1] & 0xff) << 8), to);
    }
    if ((flags & FLAG_NAME) != 0) {
      at = behindZero(bytes, at, to);
    }
    if ((flags & FLAG_COMMENT) != 0) {
      at = behindZero(bytes, at, to);
    }
    return (flags & FLAG_CHECKSUM) != 0 ? checked(at + 2, to) : at;
  }

  static int int32(byte[] bytes, int at) {
    return (bytes[at] & 0xff)
        | (bytes[at + 1] & 0xff) << 8
        | (bytes[at + 2] & 0xff) << 16
        | bytes[at + 3] << 24;
  }

  private static int behindZero(byte[] bytes, int from, int to) throws MalformedPayloadException {
    int at = from;
    while (at < to && bytes[at] != 0) {
      at++;
    }
    return checked(at + 1, to);
  }

  private static int checked(int at, int to) throws MalformedPayloadException {
    if (at > to) {
      throw new MalformedPayloadException("gzip: cut off in the header");
    }
    return at;
  }
}
