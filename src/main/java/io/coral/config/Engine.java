package io.coral.config;

/// Who observes, as the configuration asks for it.
public enum Engine {
  /// Coral's own capture where it works, else Beyla.
  AUTO,
  CORAL,
  BEYLA
}
