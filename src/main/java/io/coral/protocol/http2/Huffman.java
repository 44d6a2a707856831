package io.coral.protocol.http2;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The Huffman code of header blocks (RFC 7541, appendix B). It is canonical: lengths tell all.
final class Huffman {
  /// Of each byte and of the end, how many bits its code has: A is 1, Z 26, a 27.
  private static final String LENGTHS =
      "MWbbbbbbbXdbbdbbbbbbbbdbbbbbbbbbFJJLMFHKJJHKHFFFEEEFFFFFFFGHOFLJMFGGGGGGGGGGGGGGGGGGGGGGHGHMSMNF"
          + "OEFEFEFFFEGGFFFEFGFEEFGGGGGOKNMbTVTTVVVWVWWWWWXWXXVWXWWWWUVWVWWXVUTVVWWUWVVXUVWWUUVUWVWWTVVVWVV"
          + "WZZTSVWVYZZZaaZXYSUZaaZaXUUZZbaaaTXTUVUUWVVYYXXZWZaZZaaaaabaaaaaZd";

  private static final int LONGEST = 30;
  private static final int END = 256;
  private static final int[] FIRST_CODE = new int[LONGEST + 2];
  private static final int[] FIRST_INDEX = new int[LONGEST + 2];
  private static final int[] SYMBOLS = new int[END + 1];

  static {
    int code = 0;
    int index = 0;
    for (int bits = 1; bits <= LONGEST; bits++) {
      code <<= 1;
      FIRST_CODE[bits] = code;
      FIRST_INDEX[bits] = index;
      for (int symbol = 0; symbol <= END; symbol++) {
        if (bits(symbol) == bits) {
          SYMBOLS[index++] = symbol;
          code++;
        }
      }
    }
    FIRST_INDEX[LONGEST + 1] = index;
  }

  private Huffman() {}

  private static int bits(int symbol) {
    char letter = LENGTHS.charAt(symbol);
    return letter <= 'Z' ? letter - 'A' + 1 : letter - 'a' + 27;
  }

  /// Decodes text, null when it is none.
  static @Nullable String decode(byte[] bytes, int from, int to) {
    byte[] text = new byte[(to - from) * 8 / 5 + 1];
    int length = 0;
    int code = 0;
    int bits = 0;
    for (int at = from; at < to; at++) {
      for (int bit = 7; bit >= 0; bit--) {
        code = (code << 1) | ((bytes[at] >> bit) & 1);
        bits++;
        if (bits > LONGEST) {
          return null;
        }
        int place = code - FIRST_CODE[bits];
        if (place >= 0 && place < FIRST_INDEX[bits + 1] - FIRST_INDEX[bits]) {
          int symbol = SYMBOLS[FIRST_INDEX[bits] + place];
          if (symbol == END) {
            return null;
          }
          text[length++] = (byte) symbol;
          code = 0;
          bits = 0;
        }
      }
    }
    // The last byte is filled up with ones.
    boolean isFilled = bits < 8 && code == (1 << bits) - 1;
    return isFilled ? new String(text, 0, length, StandardCharsets.UTF_8) : null;
  }
}
