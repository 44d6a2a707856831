package io.coral.storage;

/// What a store still has of one stream and epoch.
///
/// @param minSeq first number that is there; greater than maxSeq when none is
/// @param maxSeq last number that was given
public record StoredRange(String stream, long epoch, long minSeq, long maxSeq) {}
