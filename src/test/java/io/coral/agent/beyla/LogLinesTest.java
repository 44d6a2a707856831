package io.coral.agent.beyla;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/// What bounds a child: its log and its restarts.
final class LogLinesTest {
  private final AtomicLong nanos = new AtomicLong();
  private final LongAdder leftOut = new LongAdder();
  private final List<String> lines = new ArrayList<>();

  private void read(String text) {
    new LogLines(nanos::get, leftOut, lines::add)
        .readAll(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void lines_areHandedOnWithoutControlCharacters() {
    read("one\r\n\n\u001b[31mtwo\nlast");
    assertThat(lines).containsExactly("one", " [31mtwo", "last");
  }

  @Test
  void lineWithoutEnd_isCut() {
    read("x".repeat(100_000) + "\nnext\n");
    assertThat(lines).containsExactly("x".repeat(1000), "next");
  }

  @Test
  void flood_isCutAfterItsBurst_andCounted() {
    read("a\n".repeat(1000));
    assertThat(lines).hasSize(100);
    assertThat(leftOut.sum()).isEqualTo(900);
  }

  @Test
  void backoff_doublesUpToItsMost_andBeginsAnewAfterALongLife() {
    RandomGenerator middle =
        new RandomGenerator() {
          @Override
          public long nextLong() {
            return Long.MIN_VALUE;
          }
        };
    Backoff backoff =
        new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(60), Duration.ofMinutes(5), middle);
    List<Long> seconds = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      seconds.add(backoff.after(Duration.ofSeconds(299)).toSeconds());
    }
    assertThat(seconds).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L);
    assertThat(backoff.failures()).isEqualTo(8);
    assertThat(backoff.after(Duration.ofMinutes(5)).toSeconds()).isEqualTo(1);
  }
}
