package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FiguresTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "999, 999",
    "1000, 1.0k",
    "3100, 3.1k",
    "45210, 45.2k",
    "999949, 999.9k",
    "999950, 1.0M",
    "1300000, 1.3M"
  })
  void count_isExactBelowAThousand(long count, String text) {
    assertThat(Figures.count(count)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0ms",
    "0.02, 0.02ms",
    "0.4, 0.4ms",
    "8, 8ms",
    "8.04, 8ms",
    "9.94, 9.9ms",
    "9.96, 10ms",
    "44.6, 45ms",
    "999.4, 999ms",
    "999.6, 1.0s",
    "1234, 1.2s",
    "59900, 59.9s",
    "75000, 1m15s"
  })
  void millis_areShort(double millis, String text) {
    assertThat(Figures.millis(millis)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0, 0.0%", "0.0001, <0.1%", "0.001, 0.1%", "0.023, 2.3%", "1, 100.0%"})
  void percent_hasOneDecimal(double rate, String text) {
    assertThat(Figures.percent(rate)).isEqualTo(text);
  }

  @Test
  void percentile_ofNoRequests_isNoNumber() {
    assertThat(Figures.percentile(0, 0)).isEqualTo("-");
    assertThat(Figures.percentile(45, 19)).isEqualTo("~45ms");
    assertThat(Figures.percentile(45, 20)).isEqualTo("45ms");
  }

  @Test
  void span_hasTwoUnits() {
    assertThat(Figures.span(Duration.ofSeconds(4))).isEqualTo("4s");
    assertThat(Figures.span(Duration.ofMinutes(192))).isEqualTo("3h12m");
    assertThat(Figures.span(Duration.ofHours(52))).isEqualTo("2d4h");
  }
}
