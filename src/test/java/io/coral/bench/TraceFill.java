package io.coral.bench;

import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.storage.AgentStore;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.SplittableRandom;

/// Fills the database of an agent with spans of the last hour, five a trace, and prints the ids of
/// some of the oldest traces: `TraceFill DIRECTORY SPANS`. For `bench/trace-lookup`.
public final class TraceFill {
  private static final int SPANS_PER_TRACE = 5;
  private static final int BATCH = 10_000;
  private static final int PRINTED = 200;
  private static final Duration AGE = Duration.ofMinutes(58);

  private TraceFill() {}

  /// A clock that is set.
  private static final class SetClock extends Clock {
    Instant now = Instant.now();

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return now;
    }
  }

  public static void main(String[] args) {
    int spans = Integer.parseInt(args[1]);
    SetClock clock = new SetClock();
    Instant end = clock.now;
    SplittableRandom random = new SplittableRandom(7);
    clock.now = end.minus(AGE);
    try (AgentStore store = AgentStore.open(Path.of(args[0]), clock)) {
      int printed = 0;
      for (int done = 0; done < spans; done += BATCH) {
        clock.now = end.minus(AGE).plus(AGE.multipliedBy(done).dividedBy(spans));
        long nanos = clock.now.getEpochSecond() * 1_000_000_000L;
        ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACES, BATCH);
        for (int i = 0; i < BATCH / SPANS_PER_TRACE; i++) {
          long high = random.nextLong();
          long low = random.nextLong();
          long parent = 0;
          for (int hop = 0; hop < SPANS_PER_TRACE; hop++) {
            long id = random.nextLong() | 1;
            addSpan(rows, high, low, id, parent, hop, nanos + i * 1000L + hop, random);
            parent = id;
          }
          if (printed < PRINTED && i % 10 == 0) {
            printed++;
            System.out.println(hex(high) + hex(low));
          }
        }
        store.append(List.of(rows.build()));
      }
    }
  }

  private static void addSpan(
      ColumnBatch.Builder rows,
      long high,
      long low,
      long id,
      long parent,
      int hop,
      long startNanos,
      SplittableRandom random) {
    int route = random.nextInt(40);
    rows.add(high, low)
        .add(id)
        .add(parent)
        .add("service-" + hop)
        .add("GET /things/" + route + "/:id")
        .add(hop % 2 == 0 ? Role.SERVER.code() : Role.CLIENT.code())
        .add(startNanos)
        .add(1_000_000L * (SPANS_PER_TRACE - hop) + random.nextInt(1_000_000))
        .add(500_000)
        .add(200)
        .add("GET")
        .add("/things/" + route + "/:id")
        .add("10.0.0." + random.nextInt(200) + ":8080")
        .add("things.example")
        .add(300)
        .add(1200)
        .add(4242)
        .add(hop == 0 ? "" : hop % 2 == 0 ? "tcp-seq" : "thread")
        .add(random.nextLong())
        .add(random.nextLong())
        .add("{}");
  }

  private static String hex(long value) {
    String digits = Long.toHexString(value);
    return "0".repeat(16 - digits.length()) + digits;
  }
}
