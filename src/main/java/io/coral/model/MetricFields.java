package io.coral.model;

/// Which fields a row of [StreamSchema#METRICS] has; a field that it does not have is 0 there.
/// Bits of its column `fields`.
public final class MetricFields {
  /// `value`, sent as a floating-point number.
  public static final int DOUBLE = 1;

  /// `int_value`, and `value` as near to it as a floating-point number can be.
  public static final int INTEGER = 2;

  public static final int SUM = 4;
  public static final int MIN = 8;
  public static final int MAX = 16;

  private MetricFields() {}
}
