package io.coral.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ObserveRuleTest {
  @ParameterizedTest
  @ValueSource(strings = {":8080", "pid:123", "exe:nginx", "web=:8080", "a b=pid:77"})
  void parse_ofSelector_givesItBack(String selector) {
    assertThat(ObserveRule.parse(selector).text()).isEqualTo(selector);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "8080", ":0", ":70000", ":x", "pid:1", "pid:0", "pid:", "exe:", "=:80", "web="
      })
  void parse_ofAnythingElse_saysWhatWasExpected(String selector) {
    assertThatThrownBy(() -> ObserveRule.parse(selector))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected");
  }
}
