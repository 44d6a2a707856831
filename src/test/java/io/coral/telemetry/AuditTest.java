package io.coral.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class AuditTest {
  @Test
  void line_hasItsFieldsInTurn() {
    assertThat(Audit.line("attached", "pid", 42, "exe", "/usr/bin/a", "rule", ""))
        .isEqualTo("event=attached pid=42 exe=/usr/bin/a rule=\"\"");
  }

  @Test
  void values_fromOthers_makeNeitherLinesNorFields() {
    assertThat(Audit.line("attached", "service", "a\nevent=stopped \"x\"\u001b[2J"))
        .isEqualTo("event=attached service=\"a event=stopped 'x' [2J\"");
  }
}
