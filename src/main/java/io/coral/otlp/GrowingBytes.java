package io.coral.otlp;

import java.util.Arrays;

/// An array that doubles up to a limit. What is written beyond it is refused before it is
/// allocated.
final class GrowingBytes {
  private final int maxBytes;
  private byte[] bytes;
  private int length;

  /// @param expectedBytes a guess; the array begins with as much, within the limit
  GrowingBytes(int expectedBytes, int maxBytes) {
    this.maxBytes = maxBytes;
    this.bytes = new byte[Math.clamp(expectedBytes, Math.min(64, maxBytes), maxBytes)];
  }

  byte[] array() {
    return bytes;
  }

  int length() {
    return length;
  }

  /// Room left before the array grows.
  int room() {
    return bytes.length - length;
  }

  /// Counts bytes that were written to [#array] behind [#length].
  void advance(int written) {
    length += written;
  }

  void truncate(int newLength) {
    length = newLength;
  }

  /// Makes room for `more` bytes.
  void reserve(int more) throws PayloadTooLargeException {
    if (more > bytes.length - length) {
      if (more > maxBytes - length) {
        throw new PayloadTooLargeException(maxBytes);
      }
      long doubled = Math.max(2L * bytes.length, (long) length + more);
      bytes = Arrays.copyOf(bytes, (int) Math.min(maxBytes, doubled));
    }
  }

  Payload payload() {
    return new Payload(bytes, 0, length);
  }
}
