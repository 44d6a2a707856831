package io.coral.storage;

import java.util.UUID;

/// A server's span without parent and a client's span of another agent with the same TCP sequence
/// number and request line.
///
/// @param sameClient whether the address and port of the client are the same at both ends, too
public record HopCandidate(
    UUID serverTrace,
    long serverSpan,
    long serverStartUnixNanos,
    long serverDurationNanos,
    UUID clientTrace,
    long clientSpan,
    long clientDurationNanos,
    boolean sameClient) {}
