package io.coral.cli;

import java.time.Duration;
import java.util.Locale;

/// Numbers as people read them in a table.
final class Figures {
  private Figures() {}

  /// Exact below 1,000, then `45.2k`, `1.3M`.
  static String count(long count) {
    if (count < 1_000) {
      return Long.toString(count);
    }
    if (count < 999_950) {
      return decimal(count / 1e3) + "k";
    }
    return count < 999_950_000 ? decimal(count / 1e6) + "M" : decimal(count / 1e9) + "G";
  }

  /// `0.4ms`, `8ms`, `45ms`, `1.2s`, `1m15s`.
  static String millis(double millis) {
    if (!Double.isFinite(millis) || millis < 0) {
      return "-";
    }
    if (millis < 0.05) {
      return millis == 0 ? "0ms" : String.format(Locale.ROOT, "%.2fms", Math.max(millis, 0.01));
    }
    if (millis < 9.95) {
      String text = decimal(millis);
      return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text) + "ms";
    }
    if (millis < 999.5) {
      return Math.round(millis) + "ms";
    }
    if (millis < 59_950) {
      return decimal(millis / 1e3) + "s";
    }
    long seconds = Math.round(millis / 1e3);
    return seconds / 60 + "m" + seconds % 60 + "s";
  }

  /// A percentile; from few requests it is marked as rough, from none it is no number.
  static String percentile(double millis, long requests) {
    if (requests == 0) {
      return "-";
    }
    return (requests < 20 ? "~" : "") + millis(millis);
  }

  /// @param rate 0 to 1
  static String percent(double rate) {
    if (rate > 0 && rate < 0.0005) {
      return "<0.1%";
    }
    return decimal(rate * 100) + "%";
  }

  static String bytes(long bytes) {
    if (bytes < 1_000) {
      return bytes + "B";
    }
    if (bytes < 1_000_000) {
      return Math.round(bytes / 1e3) + "kB";
    }
    return bytes < 1_000_000_000 ? Math.round(bytes / 1e6) + "MB" : decimal(bytes / 1e9) + "GB";
  }

  /// The two largest units: `4s`, `12m`, `3h12m`, `2d4h`.
  static String span(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    if (seconds < 60) {
      return seconds + "s";
    }
    if (seconds < 3_600) {
      return seconds / 60 + "m" + (seconds < 600 && seconds % 60 > 0 ? seconds % 60 + "s" : "");
    }
    if (seconds < 86_400) {
      return seconds / 3_600 + "h" + seconds / 60 % 60 + "m";
    }
    return seconds / 86_400 + "d" + seconds / 3_600 % 24 + "h";
  }

  private static String decimal(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
