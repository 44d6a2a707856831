package io.coral.model;

/// What the values of a stream's column are.
public enum ColumnType {
  /// 64-bit signed integers.
  LONG,
  /// Floating-point numbers of 64 bits; NaN is a value.
  DOUBLE,
  /// Strings of low cardinality; stored as numbers of the partition's dictionary.
  TEXT,
  /// Strings that are mostly different, or empty; stored as they are.
  PLAIN,
  /// Short lists of unsigned 32-bit counts.
  COUNTS,
  /// 128-bit ids.
  UUID,
  /// Key and value pairs of any number; stored in a column for each key. See [AttributeLists].
  ATTRIBUTES,
}
