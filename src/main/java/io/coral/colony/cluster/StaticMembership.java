package io.coral.colony.cluster;

import java.util.Set;
import java.util.TreeSet;

/// Nodes that are named once and for all, whether they live or not.
public final class StaticMembership implements Membership {
  private final String self;
  private final Set<String> members;

  /// @param others may name this node too
  public StaticMembership(String self, Set<String> others) {
    Set<String> all = new TreeSet<>(others);
    all.add(self);
    this.self = self;
    this.members = Set.copyOf(all);
  }

  /// A colony of one node.
  public static StaticMembership alone(String self) {
    return new StaticMembership(self, Set.of());
  }

  @Override
  public String self() {
    return self;
  }

  @Override
  public Set<String> members() {
    return members;
  }

  @Override
  public void onChange(Runnable action) {
    // Nothing changes.
  }
}
