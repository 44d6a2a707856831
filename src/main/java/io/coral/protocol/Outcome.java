package io.coral.protocol;

/// How a call ended. What is not known counts as neither.
public enum Outcome {
  UNKNOWN,
  OK,
  ERROR
}
