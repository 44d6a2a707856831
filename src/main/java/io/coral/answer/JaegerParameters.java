package io.coral.answer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.coral.model.Role;
import io.coral.storage.SpanSearch;
import io.vertx.core.MultiMap;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The parameters of Jaeger's HTTP API. What cannot be read is an [IllegalArgumentException] that
/// says what was expected.
final class JaegerParameters {
  static final long HOUR_NANOS = 3_600_000_000_000L;
  private static final int DEFAULT_LIMIT = 100;
  private static final int MAX_LIMIT = 1500;
  private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?|\\.\\d+)([a-zµμ]+)");
  private static final Map<String, Long> UNITS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "µs", 1_000L,
          "μs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", HOUR_NANOS,
          // Jaeger's UI counts in days too.
          "d", 24 * HOUR_NANOS);

  private final MultiMap values;
  private final long nowUnixNanos;

  JaegerParameters(MultiMap values, long nowUnixNanos) {
    this.values = values;
    this.nowUnixNanos = nowUnixNanos;
  }

  String text(String name) {
    String value = values.get(name);
    return value == null ? "" : value.strip();
  }

  List<String> all(String name) {
    return values.getAll(name);
  }

  /// The search of `/api/traces`.
  SpanSearch search() {
    if (text("service").isEmpty()) {
      throw new IllegalArgumentException("service: missing (expected: the name of a service)");
    }
    long lookback = text("lookback").isEmpty() ? HOUR_NANOS : lookback();
    long until = text("end").isEmpty() ? nowUnixNanos : microseconds("end");
    long since = text("start").isEmpty() ? until - lookback : microseconds("start");
    return new SpanSearch(
        text("service"),
        text("operation").equals("all") ? "" : text("operation"),
        role("spanKind"),
        tags(),
        duration("minDuration", 0),
        longest("maxDuration", "minDuration"),
        Math.max(0, since),
        checkedEnd(since, until),
        limit("limit"));
  }

  /// The search of `/api/v3/traces`.
  SpanSearch searchV3() {
    long until = timeV3("query.start_time_max", nowUnixNanos);
    long since = timeV3("query.start_time_min", until - HOUR_NANOS);
    String limit = text("query.num_traces").isEmpty() ? "query.search_depth" : "query.num_traces";
    Map<String, String> tags =
        text("query.attributes").isEmpty() ? Map.of() : object("query.attributes");
    return new SpanSearch(
        text("query.service_name"),
        text("query.operation_name"),
        null,
        tags,
        duration("query.duration_min", 0),
        longest("query.duration_max", "query.duration_min"),
        Math.max(0, since),
        checkedEnd(since, until),
        limit(limit));
  }

  private static long checkedEnd(long since, long until) {
    if (since >= until) {
      throw new IllegalArgumentException("the time range is empty: it ends before it begins");
    }
    // The last microsecond is inside.
    return until + 1_000;
  }

  private long lookback() {
    String text = text("lookback");
    return text.equals("custom") ? HOUR_NANOS : duration("lookback", HOUR_NANOS);
  }

  private long microseconds(String name) {
    return Math.multiplyExact(number(name, Long.MAX_VALUE / 1_000), 1_000L);
  }

  /// @param most inclusive
  long number(String name, long most) {
    String text = text(name);
    try {
      long value = Long.parseLong(text);
      if (value >= 0 && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      // As below.
    }
    throw new IllegalArgumentException(name + ": \"" + text + "\" (expected: 0.." + most + ")");
  }

  /// Milliseconds, a time or a duration.
  ///
  /// @return nanoseconds
  long millis(String name, long absent) {
    return text(name).isEmpty() ? absent : number(name, Long.MAX_VALUE / 1_000_000) * 1_000_000;
  }

  /// A duration as Go writes it: `1.5s`, `1m30s`, `200us`.
  ///
  /// @return nanoseconds
  private long duration(String name, long absent) {
    String text = text(name);
    if (text.isEmpty()) {
      return absent;
    }
    BigDecimal sum = BigDecimal.ZERO;
    Matcher matcher = DURATION.matcher(text);
    int at = 0;
    while (matcher.find() && matcher.start() == at) {
      Long unit = UNITS.get(matcher.group(2));
      if (unit == null) {
        break;
      }
      sum = sum.add(new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)));
      at = matcher.end();
    }
    if (at != text.length() || sum.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException(
          name + ": \"" + text + "\" (expected: a duration such as 1.2s, 100ms, 500us)");
    }
    return sum.longValue();
  }

  private long longest(String name, String leastName) {
    long most = duration(name, Long.MAX_VALUE);
    if (most < duration(leastName, 0)) {
      throw new IllegalArgumentException(name + ": is less than " + leastName);
    }
    return most == 0 ? Long.MAX_VALUE : most;
  }

  private long timeV3(String name, long absent) {
    String text = text(name);
    if (text.isEmpty()) {
      return absent;
    }
    try {
      Instant time = OffsetDateTime.parse(text).toInstant();
      return Math.addExact(
          Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
    } catch (DateTimeParseException | ArithmeticException e) {
      throw new IllegalArgumentException(
          name + ": \"" + text + "\" (expected: a time such as 2026-01-02T10:00:00Z)", e);
    }
  }

  private int limit(String name) {
    if (text(name).isEmpty()) {
      return DEFAULT_LIMIT;
    }
    long limit = number(name, Integer.MAX_VALUE);
    if (limit == 0) {
      throw new IllegalArgumentException(name + ": 0 (expected: 1.." + MAX_LIMIT + ")");
    }
    return (int) Math.min(limit, MAX_LIMIT);
  }

  /// A kind by its name, null when it is not given.
  @Nullable Role role(String name) {
    return text(name).isEmpty() ? null : role(name, text(name));
  }

  /// The kinds of a parameter that is given any number of times.
  List<Role> roles(String name) {
    return all(name).stream()
        .filter(text -> !text.isBlank())
        .map(text -> role(name, text))
        .toList();
  }

  private static Role role(String name, String text) {
    String label = text.strip().toLowerCase(Locale.ROOT).replaceFirst("^span_kind_", "");
    return Arrays.stream(Role.values())
        .filter(role -> role.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    name
                        + ": \""
                        + text
                        + "\" (expected: server, client, producer, consumer or internal)"));
  }

  private Map<String, String> tags() {
    Map<String, String> tags = text("tags").isEmpty() ? new HashMap<>() : object("tags");
    for (String tag : all("tag")) {
      int colon = tag.indexOf(':');
      if (colon < 1) {
        throw new IllegalArgumentException("tag: \"" + tag + "\" (expected: key:value)");
      }
      tags.put(tag.substring(0, colon), tag.substring(colon + 1));
    }
    return tags;
  }

  private Map<String, String> object(String name) {
    String expected = name + ": \"" + text(name) + "\" (expected: a JSON object of strings)";
    try {
      if (!(JsonParser.parseString(text(name)) instanceof JsonObject object)) {
        throw new IllegalArgumentException(expected);
      }
      Map<String, String> tags = new HashMap<>();
      for (Map.Entry<String, JsonElement> each : object.entrySet()) {
        if (!each.getValue().isJsonPrimitive()) {
          throw new IllegalArgumentException(expected);
        }
        tags.put(each.getKey(), each.getValue().getAsString());
      }
      return tags;
    } catch (JsonParseException e) {
      throw new IllegalArgumentException(expected, e);
    }
  }

  /// A trace id of 1 to 32 digits, filled up to 32.
  static String traceId(String text) {
    String digits = text.toLowerCase(Locale.ROOT);
    if (!digits.matches("[0-9a-f]{1,32}")) {
      throw new IllegalArgumentException(
          "traceID: \"" + text + "\" (expected: 1 to 32 hexadecimal digits)");
    }
    return "0".repeat(32 - digits.length()) + digits;
  }
}
