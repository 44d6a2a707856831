package io.coral.storage;

import java.util.function.IntPredicate;

/// Rows of an agent to be stored.
///
/// @param agentId who numbered them; empty where all are of one agent
/// @param keep which rows of the batch are stored; the others keep their numbers
public record Delivery(String agentId, NumberedBatch rows, IntPredicate keep) {
  /// Every row.
  public Delivery(String agentId, NumberedBatch rows) {
    this(agentId, rows, _ -> true);
  }
}
