package io.coral.model;

/// What the values of a stream's column are.
public enum ColumnType {
  /// 64-bit signed integers.
  LONG,
  /// Strings of low cardinality; stored as numbers of the partition's dictionary.
  TEXT,
  /// Short lists of unsigned 32-bit counts.
  COUNTS,
  /// 128-bit ids.
  UUID,
}
