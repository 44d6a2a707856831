package io.coral.model;

/// A process is to be captured from now on, or no longer.
///
/// @param goroutineIdOffset where a Go process keeps the id in its `g`, 0 = not Go or not known
public record TargetChange(int processId, boolean selected, int goroutineIdOffset) {}
