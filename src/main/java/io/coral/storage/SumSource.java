package io.coral.storage;

/// Where counts come from: one store, or those of several nodes.
public interface SumSource {
  /// Blocks.
  SumTable sums(SumsQuestion question);

  /// Whether rows name their agents.
  boolean withAgents();
}
