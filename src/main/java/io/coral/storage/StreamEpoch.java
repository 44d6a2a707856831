package io.coral.storage;

/// An epoch of a stream.
public record StreamEpoch(String stream, long epoch) {}
