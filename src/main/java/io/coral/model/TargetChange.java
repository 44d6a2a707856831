package io.coral.model;

/// A process is to be captured from now on, or no longer.
///
/// @param go what to know of a Go process
public record TargetChange(int processId, boolean selected, GoLayout go) {}
