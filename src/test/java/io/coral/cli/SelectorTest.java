package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SelectorTest {
  @Test
  void selector_inEachForm_isRead() {
    assertThat(Selector.parse(":8080")).isEqualTo(new Selector("", new Selector.Target.Port(8080)));
    assertThat(Selector.parse("pid:123")).isEqualTo(new Selector("", new Selector.Target.Pid(123)));
    assertThat(Selector.parse("exe:nginx"))
        .isEqualTo(new Selector("", new Selector.Target.Executable("nginx")));
    assertThat(Selector.parse("shop=:80"))
        .isEqualTo(new Selector("shop", new Selector.Target.Port(80)));
    assertThat(Selector.parse("shop=pid:1"))
        .isEqualTo(new Selector("shop", new Selector.Target.Pid(1)));
    assertThat(Selector.parse("shop=exe:x"))
        .isEqualTo(new Selector("shop", new Selector.Target.Executable("x")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "8080", "nginx", ":0", ":65536", ":x", "pid:0", "pid:", "exe:", "=:80", "a="})
  void selector_inNoKnownForm_isRefused(String text) {
    assertThatThrownBy(() -> Selector.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
