package io.coral.cli;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The time range of a question, and the words for it.
///
/// @param since inclusive
/// @param until exclusive
/// @param phrase `last 1 hour`, or `FROM to UNTIL`
record TimeRange(Instant since, Instant until, String phrase) {
  private static final Pattern LENGTH = Pattern.compile("(\\d{1,9})(ms|s|m|h|d|w)");
  private static final DateTimeFormatter PRINTED =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
  private static final String TIME_FORMS =
      "(expected: 90s, 30m, 1h, 1d, 1w, 14:02, today, \"2026-01-02 14:00:00\""
          + " or 2026-01-02T14:00:00Z)";

  /// Reads both ends; without `until` the range ends now.
  ///
  /// @throws IllegalArgumentException with the text and the expected forms
  static TimeRange parse(String since, @Nullable String until, Clock clock) {
    Instant now = clock.instant();
    Instant from = instant(since, clock);
    Instant to = until == null ? now : instant(until, clock);
    if (!from.isBefore(to)) {
      throw new IllegalArgumentException("since '" + since + "' is not before until");
    }
    if (until == null && LENGTH.matcher(since).matches()) {
      return new TimeRange(from, to, "last " + words(since));
    }
    String end = until == null ? "now" : printed(to, clock.getZone());
    return new TimeRange(from, to, printed(from, clock.getZone()) + " to " + end);
  }

  /// Reads `500ms`, `90s`, `30m`, `1h`, `1d`, `1w`.
  static Duration length(String text) {
    Matcher matcher = LENGTH.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no length of time (expected: 500ms, 90s, 30m, 1h, 1d or 1w)");
    }
    long count = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(count);
      case "s" -> Duration.ofSeconds(count);
      case "m" -> Duration.ofMinutes(count);
      case "h" -> Duration.ofHours(count);
      case "d" -> Duration.ofDays(count);
      default -> Duration.ofDays(7 * count);
    };
  }

  private static String words(String length) {
    Matcher matcher = LENGTH.matcher(length);
    if (!matcher.matches()) {
      return length;
    }
    String unit =
        switch (matcher.group(2)) {
          case "ms" -> "millisecond";
          case "s" -> "second";
          case "m" -> "minute";
          case "h" -> "hour";
          case "d" -> "day";
          default -> "week";
        };
    long count = Long.parseLong(matcher.group(1));
    return count + " " + unit + (count == 1 ? "" : "s");
  }

  private static Instant instant(String text, Clock clock) {
    ZoneId zone = clock.getZone();
    try {
      if (LENGTH.matcher(text).matches()) {
        return clock.instant().minus(length(text));
      }
      if ("now".equals(text)) {
        return clock.instant();
      }
      if ("today".equals(text)) {
        return LocalDate.now(clock).atStartOfDay(zone).toInstant();
      }
      if (text.matches("\\d{1,2}:\\d{2}(:\\d{2})?")) {
        return lastTimeOfDay(LocalTime.parse(text.indexOf(':') == 1 ? "0" + text : text), clock);
      }
      if (text.matches("\\d{4}-\\d{2}-\\d{2}")) {
        return LocalDate.parse(text).atStartOfDay(zone).toInstant();
      }
      String iso = text.replace(' ', 'T');
      return iso.matches(".*(Z|[+-]\\d{2}:?\\d{2})")
          ? OffsetDateTime.parse(iso).toInstant()
          : LocalDateTime.parse(iso).atZone(zone).toInstant();
    } catch (DateTimeException | ArithmeticException e) {
      throw new IllegalArgumentException("'" + text + "' is no time " + TIME_FORMS, e);
    }
  }

  /// A time of day that is still to come today was yesterday's.
  private static Instant lastTimeOfDay(LocalTime time, Clock clock) {
    ZonedDateTime today = time.atDate(LocalDate.now(clock)).atZone(clock.getZone());
    return (today.toInstant().isAfter(clock.instant()) ? today.minusDays(1) : today).toInstant();
  }

  private static String printed(Instant instant, ZoneId zone) {
    return PRINTED.format(instant.atZone(zone));
  }

  static long unixNanos(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000_000L), instant.getNano());
  }

  static Instant ofUnixNanos(long unixNanos) {
    return Instant.ofEpochSecond(
        Math.floorDiv(unixNanos, 1_000_000_000L), Math.floorMod(unixNanos, 1_000_000_000L));
  }
}
