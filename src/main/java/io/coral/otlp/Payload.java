package io.coral.otlp;

import java.util.Objects;

/// A part of an array: `from` inclusive, `to` exclusive. Not copied; whoever passes it on gives
/// it away.
public record Payload(byte[] bytes, int from, int to) {
  public Payload {
    Objects.checkFromToIndex(from, to, bytes.length);
  }

  public int length() {
    return to - from;
  }
}
