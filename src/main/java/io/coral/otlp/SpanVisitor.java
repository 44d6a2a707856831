package io.coral.otlp;

/// Sees every span of a payload, stored or not.
public interface SpanVisitor {
  /// @param span is reused for the next one
  /// @return whether it is stored
  boolean visit(SpanFacts span);
}
