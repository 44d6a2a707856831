package io.coral.model;

import java.util.Arrays;

/// Strings of ids hardly repeat, but are often numbers in disguise: 16 hexadecimal digits, or a
/// number behind what repeats, such as `/orders/17` or `10.0.3.41`. A number costs a store a tenth
/// of what a string costs.
public final class VaryingText {
  private static final int HEX_DIGITS = 16;
  private static final int MOST_DIGITS = 8;
  private static final int LONG_RUN = 12;

  private VaryingText() {}

  /// Adds an attribute whose strings hardly repeat in the form that costs least.
  ///
  /// @param utf8 is copied if need be
  public static void add(ColumnBatch.Builder batch, int key, byte[] utf8, int from, int to) {
    if (to - from == HEX_DIGITS && isHex(utf8, from, to)) {
      batch.attribute(key, AttributeLists.HEX, hex(utf8, from, to));
      return;
    }
    int digits = digits(utf8, from, to);
    if (digits < to) {
      long number = 0;
      for (int i = digits; i < to; i++) {
        number = 10 * number + utf8[i] - '0';
      }
      long before = batch.dictionary().idOf(utf8, from, digits);
      batch.attribute(key, AttributeLists.NUMBERED, before << AttributeLists.NUMBER_BITS | number);
      return;
    }
    batch.plainAttribute(key, Arrays.copyOfRange(utf8, from, to));
  }

  private static boolean isHex(byte[] utf8, int from, int to) {
    for (int i = from; i < to; i++) {
      byte c = utf8[i];
      if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
        return false;
      }
    }
    return true;
  }

  private static long hex(byte[] utf8, int from, int to) {
    long value = 0;
    for (int i = from; i < to; i++) {
      byte c = utf8[i];
      value = value << 4 | (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
  }

  /// Where the number at the end begins, without leading zeros; the end when there is none. What is
  /// before it must repeat, which it hardly does before the last digits of a long number.
  private static int digits(byte[] utf8, int from, int to) {
    int run = to;
    while (run > from && utf8[run - 1] >= '0' && utf8[run - 1] <= '9') {
      run--;
    }
    if (to - run > LONG_RUN) {
      return to;
    }
    int at = Math.max(run, to - MOST_DIGITS);
    while (at < to - 1 && utf8[at] == '0') {
      at++;
    }
    return at;
  }
}
