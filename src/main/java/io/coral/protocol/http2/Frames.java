package io.coral.protocol.http2;

import io.coral.protocol.Bytes;
import io.coral.protocol.FrameStream;

/// How frames are told from other bytes: types have lengths and streams that they can have.
final class Frames implements FrameStream.Format {
  static final int HEADER = 9;
  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int PUSH_PROMISE = 5;
  static final int CONTINUATION = 9;
  static final int END_STREAM = 1;
  static final int END_HEADERS = 4;
  static final int PADDED = 8;
  static final int PRIORITY = 0x20;
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int LONGEST = 1 << 20;
  private static final int ENOUGH = 3;

  @Override
  public int headerBytes() {
    return HEADER;
  }

  @Override
  public long frameBytes(byte[] header) {
    if (isPreface(header, HEADER)) {
      return PREFACE.length();
    }
    return fits(header, 0) ? HEADER + length(header, 0) : -1;
  }

  @Override
  public boolean begins(byte[] bytes) {
    return isPreface(bytes, bytes.length) || frames(bytes) > 0;
  }

  static boolean isPreface(byte[] bytes, int length) {
    int most = Math.min(length, PREFACE.length());
    if (most < HEADER) {
      return false;
    }
    for (int i = 0; i < most; i++) {
      if (bytes[i] != PREFACE.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  static int length(byte[] bytes, int at) {
    return ((bytes[at] & 0xff) << 16) | ((bytes[at + 1] & 0xff) << 8) | (bytes[at + 2] & 0xff);
  }

  static int stream(byte[] bytes, int at) {
    return new Bytes(bytes, at + 5, at + 9).i32();
  }

  private static boolean fits(byte[] bytes, int at) {
    int length = length(bytes, at);
    int flags = bytes[at + 4] & 0xff;
    int stream = stream(bytes, at);
    if (stream < 0 || length > LONGEST) {
      return false;
    }
    return switch (bytes[at + 3]) {
      case DATA -> stream != 0 && (flags & ~(END_STREAM | PADDED)) == 0;
      case HEADERS ->
          stream != 0
              && length > 0
              && (flags & ~(END_STREAM | END_HEADERS | PADDED | PRIORITY)) == 0;
      case 2 -> stream != 0 && length == 5;
      case RST_STREAM -> stream != 0 && length == 4;
      case 4 -> stream == 0 && length % 6 == 0 && flags <= 1 && (flags == 0 || length == 0);
      case PUSH_PROMISE -> stream != 0 && length > 4;
      case 6 -> stream == 0 && length == 8 && flags <= 1;
      case 7 -> stream == 0 && length >= 8;
      case 8 -> length == 4;
      case CONTINUATION -> stream != 0 && (flags & ~END_HEADERS) == 0;
      case 10, 12, 16 -> length > 0;
      default -> false;
    };
  }

  /// How many frames are in bytes that begin with one, the last perhaps in part; 0 when it is not
  /// frames that are there. Three are enough, whatever follows.
  static int frames(byte[] bytes) {
    int at = 0;
    int frames = 0;
    while (at + HEADER <= bytes.length) {
      if (!fits(bytes, at)) {
        return frames < ENOUGH ? 0 : frames;
      }
      int length = length(bytes, at);
      boolean isBlock =
          bytes[at + 3] != HEADERS
              || (bytes[at + 4] & (END_HEADERS | PADDED | PRIORITY)) != END_HEADERS
              || at + HEADER + length > bytes.length
              || HeaderTable.isBlock(bytes, at + HEADER, at + HEADER + length);
      if (!isBlock) {
        return 0;
      }
      frames++;
      at += HEADER + length;
    }
    return frames;
  }
}
