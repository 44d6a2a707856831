package io.coral.otlp;

import io.coral.model.Texts;

/// Sees every span of a payload, stored or not.
public interface SpanVisitor {
  /// @param span is reused for the next one
  /// @param texts its strings
  /// @return whether it is stored
  boolean visit(SpanFacts span, Texts texts);
}
