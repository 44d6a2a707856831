package io.coral.agent.beyla;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// Hands on what a child says, line by line, bounded: 1,000 bytes of a line, 20 lines a second with
/// a burst of 100. What is left out is counted. The child is read to the end in any case, so that
/// it never waits for us.
final class LogLines {
  private static final int MAX_LINE_BYTES = 1000;
  private static final int BURST = 100;
  private static final long NANOS_PER_LINE = 1_000_000_000L / 20;

  private final LongSupplier monotonicNanos;
  private final LongAdder suppressed;
  private final Consumer<String> lines;
  private final byte[] line = new byte[MAX_LINE_BYTES];
  private long credit;
  private long creditedAtNanos;

  /// @param lines takes those that are within the bounds
  LogLines(LongSupplier monotonicNanos, LongAdder suppressed, Consumer<String> lines) {
    this.monotonicNanos = monotonicNanos;
    this.suppressed = suppressed;
    this.lines = lines;
    this.credit = BURST * NANOS_PER_LINE;
    this.creditedAtNanos = monotonicNanos.getAsLong();
  }

  /// Reads to the end of the stream.
  void readAll(InputStream in) {
    byte[] buffer = new byte[8192];
    int length = 0;
    try {
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        for (int i = 0; i < count; i++) {
          if (buffer[i] == '\n') {
            said(length);
            length = 0;
          } else if (length < MAX_LINE_BYTES) {
            line[length++] = buffer[i];
          }
        }
      }
    } catch (IOException e) {
      // The pipe went with the child.
    }
    said(length);
  }

  private void said(int length) {
    // Escape sequences and the like must not reach a terminal that shows our log.
    String text =
        new String(line, 0, length, StandardCharsets.UTF_8)
            .replaceAll("\\p{Cntrl}", " ")
            .stripTrailing();
    if (text.isEmpty()) {
      return;
    }
    long now = monotonicNanos.getAsLong();
    credit = Math.min(BURST * NANOS_PER_LINE, credit + (now - creditedAtNanos));
    creditedAtNanos = now;
    if (credit < NANOS_PER_LINE) {
      suppressed.increment();
      return;
    }
    credit -= NANOS_PER_LINE;
    lines.accept(text);
  }
}
