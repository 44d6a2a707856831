package io.coral.otlp;

/// Walks over the frames of a zstd body by their headers
/// (https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1), to be sure that they end where the
/// body ends: the decompressor ignores up to three bytes behind the last frame.
final class ZstdFrames {
  private static final int MAGIC = 0xfd2fb528;
  private static final int[] DICTIONARY_ID_BYTES = {0, 1, 2, 4};
  private static final int[] CONTENT_SIZE_BYTES = {0, 2, 4, 8};
  private static final int BLOCK_HEADER_BYTES = 3;
  private static final int CHECKSUM_BYTES = 4;
  private static final int RLE = 1;
  private static final int RESERVED = 3;

  private ZstdFrames() {}

  static void check(byte[] bytes, int from, int to) throws MalformedPayloadException {
    int at = from;
    do {
      at = frame(bytes, at, to);
    } while (at < to);
  }

  /// Returns where the frame ends.
  private static int frame(byte[] bytes, int from, int to) throws MalformedPayloadException {
    int at = checked(from + 5L, to);
    if (GzipHeader.int32(bytes, from) != MAGIC) {
      throw new MalformedPayloadException("zstd: no frame at byte " + from);
    }
    int descriptor = bytes[at - 1] & 0xff;
    boolean singleSegment = (descriptor & 0x20) != 0;
    int contentSize = descriptor >>> 6;
    at += singleSegment ? 0 : 1;
    at += DICTIONARY_ID_BYTES[descriptor & 3];
    at += contentSize == 0 && singleSegment ? 1 : CONTENT_SIZE_BYTES[contentSize];
    boolean last = false;
    while (!last) {
      at = checked((long) at + BLOCK_HEADER_BYTES, to);
      int header =
          (bytes[at - 3] & 0xff) | (bytes[at - 2] & 0xff) << 8 | (bytes[at - 1] & 0xff) << 16;
      last = (header & 1) != 0;
      int type = header >>> 1 & 3;
      if (type == RESERVED) {
        throw new MalformedPayloadException("zstd: block of the reserved type");
      }
      at = checked((long) at + (type == RLE ? 1 : header >>> 3), to);
    }
    return (descriptor & 4) != 0 ? checked((long) at + CHECKSUM_BYTES, to) : at;
  }

  private static int checked(long at, int to) throws MalformedPayloadException {
    if (at > to) {
      throw new MalformedPayloadException("zstd: cut off");
    }
    return (int) at;
  }
}
