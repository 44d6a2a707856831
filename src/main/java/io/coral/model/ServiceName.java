package io.coral.model;

/// What a service is called, and why.
///
/// @param name never empty
/// @param source `configured`, `environment`, `systemd`, `container`, `executable`, or `unknown`
public record ServiceName(String name, String source) {
  /// For a process of which nothing is known.
  public static final ServiceName UNKNOWN = new ServiceName("unknown", "unknown");
}
