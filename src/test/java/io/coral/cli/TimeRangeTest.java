package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TimeRangeTest {
  /// 16:00 in Berlin.
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-01-02T15:00:00Z"), ZoneId.of("Europe/Berlin"));

  @ParameterizedTest
  @CsvSource({
    "1h, 2026-01-02T14:00:00Z, last 1 hour",
    "24h, 2026-01-01T15:00:00Z, last 24 hours",
    "5m, 2026-01-02T14:55:00Z, last 5 minutes",
    "90s, 2026-01-02T14:58:30Z, last 90 seconds",
    "1d, 2026-01-01T15:00:00Z, last 1 day",
    "1w, 2025-12-26T15:00:00Z, last 1 week",
    "2026-01-02T10:00:00Z, 2026-01-02T10:00:00Z, 2026-01-02 11:00:00 to now",
    "2026-01-02 14:00:00, 2026-01-02T13:00:00Z, 2026-01-02 14:00:00 to now",
    "14:02, 2026-01-02T13:02:00Z, 2026-01-02 14:02:00 to now",
    "17:30, 2026-01-01T16:30:00Z, 2026-01-01 17:30:00 to now",
    "today, 2026-01-01T23:00:00Z, 2026-01-02 00:00:00 to now"
  })
  void since_inEachForm_isRead(String text, Instant since, String phrase) {
    TimeRange range = TimeRange.parse(text, null, CLOCK);
    assertThat(range.since()).isEqualTo(since);
    assertThat(range.until()).isEqualTo(CLOCK.instant());
    assertThat(range.phrase()).isEqualTo(phrase);
  }

  @Test
  void until_givesARangeOfTwoTimes() {
    assertThat(TimeRange.parse("2h", "1h", CLOCK))
        .isEqualTo(
            new TimeRange(
                Instant.parse("2026-01-02T13:00:00Z"),
                Instant.parse("2026-01-02T14:00:00Z"),
                "2026-01-02 14:00:00 to 2026-01-02 15:00:00"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "soon", "1", "1y", "25:00", "2026-13-01", "-1h"})
  void since_inNoKnownForm_isRefused(String text) {
    assertThatThrownBy(() -> TimeRange.parse(text, null, CLOCK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }

  @Test
  void since_afterUntil_isRefused() {
    assertThatThrownBy(() -> TimeRange.parse("1h", "2h", CLOCK))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void length_isRead() {
    assertThat(TimeRange.length("500ms")).isEqualTo(Duration.ofMillis(500));
  }
}
