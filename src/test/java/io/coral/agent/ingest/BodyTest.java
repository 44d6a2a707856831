package io.coral.agent.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.otlp.Payload;
import io.vertx.core.buffer.Buffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class BodyTest {
  private final ByteBudget budget = new ByteBudget(1 << 20);
  private final Body body = new Body(budget);

  private static Buffer bytes(int count) {
    byte[] bytes = new byte[count];
    Arrays.fill(bytes, (byte) count);
    return Buffer.buffer(bytes);
  }

  @Test
  void body_ofKnownLength_isOneArrayOfThatLength() {
    body.expect(700);
    assertThat(body.append(bytes(300), 0, 300)).isTrue();
    byte[] first = body.payload().bytes();
    assertThat(body.append(bytes(400), 0, 400)).isTrue();
    assertThat(body.payload().bytes()).isSameAs(first).hasSize(700);
    assertThat(budget.usedBytes()).isEqualTo(700);
  }

  @Test
  void length_merelyClaimed_takesLittle() {
    body.expect(16 << 20);
    assertThat(body.append(bytes(1), 0, 1)).isTrue();
    assertThat(budget.usedBytes()).isEqualTo(256 << 10);
  }

  @Test
  void body_ofUnknownLength_grows() {
    Buffer all = Buffer.buffer();
    for (int i = 0; i < 100; i++) {
      assertThat(body.append(bytes(100 + i), 0, 100 + i)).isTrue();
      all.appendBuffer(bytes(100 + i));
    }
    Payload payload = body.payload();
    assertThat(Arrays.copyOf(payload.bytes(), payload.to())).isEqualTo(all.getBytes());
    assertThat(budget.usedBytes()).isEqualTo(payload.bytes().length);
  }

  @Test
  void budget_whenSpent_refusesAndIsGivenBack() {
    assertThat(body.append(bytes(600 << 10), 0, 600 << 10)).isTrue();
    assertThat(body.append(bytes(600 << 10), 0, 600 << 10)).isFalse();
    assertThat(body.replace(new Payload(new byte[2 << 20], 0, 1))).isFalse();
    assertThat(budget.usedBytes()).isZero();
    assertThat(body.replace(new Payload(new byte[100], 0, 1))).isTrue();
    assertThat(budget.usedBytes()).isEqualTo(100);
    body.release();
    assertThat(budget.usedBytes()).isZero();
  }
}
