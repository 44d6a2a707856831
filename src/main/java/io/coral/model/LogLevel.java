package io.coral.model;

import java.util.List;
import java.util.Locale;

/// How severe a log record is, in the ranges of OpenTelemetry's severity numbers
/// (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber), least first.
public enum LogLevel {
  TRACE(1),
  DEBUG(5),
  INFO(9, "information", "notice"),
  WARN(13, "warning"),
  ERROR(17, "err", "severe"),
  FATAL(21, "critical", "crit", "alert", "emergency", "panic");

  private final int severity;
  private final String names;

  LogLevel(int severity, String... aliases) {
    this.severity = severity;
    this.names = (name() + " " + String.join(" ", aliases)).strip().toLowerCase(Locale.ROOT);
  }

  /// The least severity number of the level.
  public int severity() {
    return severity;
  }

  /// What senders that give no number call it, in lower case.
  public List<String> names() {
    return List.of(names.split(" ", -1));
  }

  /// @throws IllegalArgumentException when no level has this name, in whatever case
  public static LogLevel named(String name) {
    for (LogLevel level : values()) {
      if (level.names().contains(name.toLowerCase(Locale.ROOT))) {
        return level;
      }
    }
    throw new IllegalArgumentException(
        "level: \"" + name + "\" (expected: trace, debug, info, warn, error or fatal)");
  }
}
