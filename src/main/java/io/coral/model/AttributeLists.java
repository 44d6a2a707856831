package io.coral.model;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// The attributes of many rows, one behind the other. Immutable once its batch is built.
///
/// An attribute is a key, which is a number of the batch's [Texts], and a value of one of some
/// kinds.
public final class AttributeLists {
  /// The value is a string by its number in the batch's texts.
  public static final byte TEXT = 0;

  /// The value is a 64-bit integer.
  public static final byte LONG = 1;

  /// The value is a string by its number in [#plain(int)]: one of those that hardly repeat.
  public static final byte PLAIN = 2;

  /// The value is JSON by its number in the batch's texts: a boolean, a floating-point number, an
  /// array or a map.
  public static final byte JSON = 3;

  /// The value is a string of 16 lower-case hexadecimal digits, as a number.
  public static final byte HEX = 4;

  /// The value is a string that ends with a decimal number: what is before it by its number in the
  /// batch's texts, shifted by [#NUMBER_BITS], and the number.
  public static final byte NUMBERED = 5;

  /// Bits of the number of a [#NUMBERED] string.
  public static final int NUMBER_BITS = 27;

  private static final long NUMBER_MASK = (1L << NUMBER_BITS) - 1;

  private int[] ends;
  private int[] keys;
  private byte[] kinds;
  private long[] values;
  private byte[][] plains = new byte[8][];
  private int rows;
  private int size;
  private int plainSize;

  AttributeLists(int expectedRows) {
    ends = new int[expectedRows];
    keys = new int[8 * expectedRows];
    kinds = new byte[8 * expectedRows];
    values = new long[8 * expectedRows];
  }

  void add(int key, byte kind, long value) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, 2 * size);
      kinds = Arrays.copyOf(kinds, 2 * size);
      values = Arrays.copyOf(values, 2 * size);
    }
    keys[size] = key;
    kinds[size] = kind;
    values[size++] = value;
  }

  int addPlain(byte[] utf8) {
    if (plainSize == plains.length) {
      plains = Arrays.copyOf(plains, 2 * plainSize);
    }
    plains[plainSize] = utf8;
    return plainSize++;
  }

  void endRow() {
    if (rows == ends.length) {
      ends = Arrays.copyOf(ends, 2 * rows);
    }
    ends[rows++] = size;
  }

  /// Takes back what was added since the last row's end.
  void dropRow() {
    size = rows == 0 ? 0 : ends[rows - 1];
  }

  /// Index of a row's first attribute.
  public int start(int row) {
    return row == 0 ? 0 : ends[row - 1];
  }

  /// Index behind a row's last attribute.
  public int end(int row) {
    return ends[row];
  }

  /// Attributes of all rows.
  public int size() {
    return size;
  }

  /// Number of an attribute's key.
  public int key(int index) {
    return keys[index];
  }

  /// One of [#TEXT], [#LONG], [#PLAIN], [#JSON].
  public byte kind(int index) {
    return kinds[index];
  }

  /// What the kind says.
  public long value(int index) {
    return values[index];
  }

  /// An attribute that is a string, as one.
  public String text(int index, Texts texts) {
    long value = values[index];
    return switch (kinds[index]) {
      case PLAIN -> new String(plains[(int) value], StandardCharsets.UTF_8);
      case HEX -> HexFormat.of().toHexDigits(value);
      case NUMBERED -> texts.text((int) (value >>> NUMBER_BITS)) + (value & NUMBER_MASK);
      default -> texts.text((int) value);
    };
  }

  /// A string in UTF-8 that hardly repeats.
  public byte[] plain(int number) {
    return plains[number];
  }
}
