package io.coral.model;

import java.util.List;

/// Records of the ring buffer in the order in which they left it.
public record CapturedBatch(List<Captured> records) {
  public CapturedBatch {
    records = List.copyOf(records);
  }
}
