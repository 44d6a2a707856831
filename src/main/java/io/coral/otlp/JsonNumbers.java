package io.coral.otlp;

import java.math.BigDecimal;
import java.math.BigInteger;

/// Numbers of JSON as protobuf reads them
/// (https://protobuf.dev/programming-guides/json): integers also as `"12"`, `1.2e1` and `12.0`,
/// doubles also as `"NaN"` and `"Infinity"`. What is out of range is malformed, not rounded.
final class JsonNumbers {
  /// Longer texts are no integer of 64 bits; parsing them costs the square of their length.
  private static final int MAX_INTEGER_LENGTH = 64;

  private static final int MAX_DOUBLE_LENGTH = 1024;

  /// 2^64 has 20 digits. `1e999999999` would be that many digits in memory.
  private static final int MAX_INTEGER_DIGITS = 20;

  private JsonNumbers() {}

  /// @param bits 32 or 64
  /// @return the value; an unsigned one in the bits of a long
  static long integer(String text, int bits, boolean signed) throws MalformedPayloadException {
    BigInteger value;
    try {
      if (signed || (text.length() < 19 && !text.startsWith("-"))) {
        long quick = Long.parseLong(text);
        if (bits == 64 || inRange32(quick, signed)) {
          return quick;
        }
      }
      value = exact(text);
    } catch (NumberFormatException e) {
      value = exact(text);
    }
    BigInteger least = signed ? BigInteger.ONE.shiftLeft(bits - 1).negate() : BigInteger.ZERO;
    BigInteger beyond = BigInteger.ONE.shiftLeft(signed ? bits - 1 : bits);
    if (value.compareTo(least) < 0 || value.compareTo(beyond) >= 0) {
      throw notA(text, (signed ? "signed" : "unsigned") + " integer of " + bits + " bits");
    }
    return value.longValue();
  }

  static double floating(String text) throws MalformedPayloadException {
    switch (text) {
      case "NaN":
        return Double.NaN;
      case "Infinity":
        return Double.POSITIVE_INFINITY;
      case "-Infinity":
        return Double.NEGATIVE_INFINITY;
      default:
        break;
    }
    if (!isPlain(text, MAX_DOUBLE_LENGTH)) {
      throw notA(text, "number");
    }
    try {
      double value = Double.parseDouble(text);
      if (Double.isInfinite(value)) {
        throw notA(text, "number within the range of a double");
      }
      return value;
    } catch (NumberFormatException e) {
      throw notA(text, "number");
    }
  }

  private static boolean inRange32(long value, boolean signed) {
    return signed ? value == (int) value : value >>> 32 == 0;
  }

  private static BigInteger exact(String text) throws MalformedPayloadException {
    if (!isPlain(text, MAX_INTEGER_LENGTH)) {
      throw notA(text, "integer");
    }
    try {
      BigDecimal decimal = new BigDecimal(text);
      if ((long) decimal.precision() - decimal.scale() > MAX_INTEGER_DIGITS) {
        throw notA(text, "integer of 64 bits");
      }
      return decimal.signum() == 0 ? BigInteger.ZERO : decimal.toBigIntegerExact();
    } catch (ArithmeticException | NumberFormatException e) {
      throw notA(text, "integer");
    }
  }

  /// Keeps out what Java reads and JSON does not: `0x1p3`, `1d`, blanks.
  private static boolean isPlain(String text, int maxLength) {
    if (text.isEmpty() || text.length() > maxLength) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if ("0123456789+-.eE".indexOf(text.charAt(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  private static MalformedPayloadException notA(String text, String expected) {
    String shown = text.length() > 40 ? text.substring(0, 40) + "…" : text;
    return new MalformedPayloadException("number: " + shown + " (expected: " + expected + ")");
  }
}
