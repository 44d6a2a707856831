package io.coral.storage;

import io.coral.model.LogLevel;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Which log records are asked for.
///
/// @param service empty = all
/// @param level the least severe one, null = all, those that say nothing of it too
/// @param text occurs in the body, in whatever case; empty = any body
/// @param traces of one of these, null = of any or none
/// @param limit the newest ones, ≥ 1
public record LogFilter(
    String service,
    @Nullable LogLevel level,
    String text,
    @Nullable Set<UUID> traces,
    long sinceUnixNanos,
    long untilUnixNanos,
    int limit) {}
