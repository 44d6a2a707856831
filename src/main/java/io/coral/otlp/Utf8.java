package io.coral.otlp;

/// UTF-8 of strings that may hold halves of surrogate pairs, which JSON can say (`"\ud800"`)
/// and UTF-8 cannot: each becomes U+FFFD, as the Unicode standard recommends (section 3.9,
/// C10).
final class Utf8 {
  private static final int REPLACEMENT = 0xfffd;

  private Utf8() {}

  /// How many bytes the text takes.
  static int length(String text) {
    int length = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        length++;
      } else if (c < 0x800) {
        length += 2;
      } else if (isPair(text, i)) {
        length += 4;
        i++;
      } else {
        length += 3;
      }
    }
    return length;
  }

  /// Writes the text to `array` from `from` on, where [#length] bytes are free.
  static void put(String text, byte[] array, int from) {
    int at = from;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        array[at++] = (byte) c;
      } else if (c < 0x800) {
        array[at++] = (byte) (0xc0 | (c >> 6));
        array[at++] = (byte) (0x80 | (c & 0x3f));
      } else if (isPair(text, i)) {
        int point = Character.toCodePoint(c, text.charAt(++i));
        array[at++] = (byte) (0xf0 | (point >> 18));
        array[at++] = (byte) (0x80 | ((point >> 12) & 0x3f));
        array[at++] = (byte) (0x80 | ((point >> 6) & 0x3f));
        array[at++] = (byte) (0x80 | (point & 0x3f));
      } else {
        int point = Character.isSurrogate(c) ? REPLACEMENT : c;
        array[at++] = (byte) (0xe0 | (point >> 12));
        array[at++] = (byte) (0x80 | ((point >> 6) & 0x3f));
        array[at++] = (byte) (0x80 | (point & 0x3f));
      }
    }
  }

  private static boolean isPair(String text, int at) {
    return Character.isHighSurrogate(text.charAt(at))
        && at + 1 < text.length()
        && Character.isLowSurrogate(text.charAt(at + 1));
  }
}
