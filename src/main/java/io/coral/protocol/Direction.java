package io.coral.protocol;

/// Which way bytes go: from the end that connected, or back.
public enum Direction {
  REQUEST,
  RESPONSE
}
