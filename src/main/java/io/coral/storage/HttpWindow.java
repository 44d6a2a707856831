package io.coral.storage;

import java.util.Map;

/// One series of one window as the specification has it.
///
/// @param seedCounts per bucket of [io.coral.histogram.Bounds#SEED_MILLIS], not cumulative, one
///     more for everything above
public record HttpWindow(
    long windowUnixNanos,
    String service,
    String method,
    String route,
    int status,
    long[] seedCounts,
    long requests,
    Map<String, String> attributes) {}
