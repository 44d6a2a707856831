package io.coral.colony.cluster;

import java.util.Set;

/// Which nodes are there, as far as this one can see. A hint: views of several nodes may differ at
/// any time. Safe on any thread.
public interface Membership {
  /// The name of this node.
  String self();

  /// The names of all nodes that are seen, this one among them.
  Set<String> members();

  /// Has something done after every change, on any thread.
  void onChange(Runnable action);
}
