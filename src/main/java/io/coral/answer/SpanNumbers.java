package io.coral.answer;

/// The numbers that an agent gives to the spans that applications send. On any thread.
public interface SpanNumbers {
  /// The epoch that is being written.
  long epoch();

  /// The greatest number of an epoch, 0 when it has none.
  long last(long epoch);
}
