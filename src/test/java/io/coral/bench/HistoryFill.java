package io.coral.bench;

import io.coral.colony.cluster.Ownership;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.storage.ColonyStore;
import io.coral.storage.Delivery;
import io.coral.storage.NumberedBatch;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Days of the history of a colony of three nodes, as two of them would have pulled each agent's
/// rows: `HistoryFill DIRECTORY DAYS SERVICES TRACES_A_DAY WINDOW_SECONDS`. Makes
/// `DIRECTORY/n1` to `n3`, and prints some ids of traces. Twelve agents, each with a part of the
/// services; four routes a service; of a trace, four hops of four services. For
/// `bench/history`.
public final class HistoryFill {
  private static final List<String> NODES = List.of("n1", "n2", "n3");
  private static final int AGENTS = 12;
  private static final int ROUTES = 4;
  private static final int HOPS = 4;
  private static final int PRINTED_AN_HOUR = 3;
  private static final long EPOCH = 1;

  private final int services;
  private final int tracesADay;
  private final int windowSeconds;

  private HistoryFill(int services, int tracesADay, int windowSeconds) {
    this.services = services;
    this.tracesADay = tracesADay;
    this.windowSeconds = windowSeconds;
  }

  private static final class DayClock extends Clock {
    private Instant now = Instant.EPOCH;

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

  private static String agent(int number) {
    return "agent-%02d".formatted(number);
  }

  private static String service(int number) {
    return "service-%03d".formatted(number);
  }

  /// The windows of an agent's services in an hour.
  private ColumnBatch windows(int agent, long hourNanos, Random random) {
    int windows = 3600 / windowSeconds;
    List<Integer> own = new ArrayList<>();
    for (int i = agent; i < services; i += AGENTS) {
      own.add(i);
    }
    ColumnBatch.Builder rows =
        new ColumnBatch.Builder(StreamSchema.HTTP_METRICS, windows * own.size() * ROUTES);
    for (int w = 0; w < windows; w++) {
      long window = hourNanos + w * (long) windowSeconds * 1_000_000_000L;
      for (int service : own) {
        for (int route = 0; route < ROUTES; route++) {
          LatencyHistogram histogram = new LatencyHistogram();
          int count = 3 + random.nextInt(6);
          long sum = 0;
          for (int i = 0; i < count; i++) {
            long nanos = (long) (2e6 * Math.exp(random.nextGaussian()));
            histogram.record(nanos);
            sum += nanos;
          }
          boolean fails = random.nextInt(10) == 0;
          rows.add(window)
              .add(service(service))
              .add((long) Role.SERVER.code())
              .add("GET")
              .add("/route/" + route)
              .add(fails ? 500L : 200L)
              .add("")
              .add(count)
              .add(sum)
              .add(100L * count)
              .add(2000L * count)
              .add(window + 1)
              .add(histogram.offset())
              .add(histogram.sparseCounts())
              .add("route")
              .add("{}")
              .add("http")
              .add(fails ? count : 0)
              .add("captured")
              .add(1L);
        }
      }
    }
    return rows.build();
  }

  /// The hops of an hour's traces that an agent saw; every agent's come from the same seed.
  private ColumnBatch hops(int agent, long hourNanos, long seed, List<String> ids) {
    Random random = new Random(seed);
    int traces = tracesADay / 24;
    ColumnBatch.Builder rows = new ColumnBatch.Builder(StreamSchema.TRACES, traces * HOPS);
    for (int trace = 0; trace < traces; trace++) {
      long high = random.nextLong();
      long low = random.nextLong();
      long start = hourNanos + (long) (random.nextDouble() * 3.5e12);
      int first = random.nextInt(services);
      if (agent == 0 && trace < PRINTED_AN_HOUR) {
        ids.add("%016x%016x %d".formatted(high, low, HOPS));
      }
      for (int hop = 0; hop < HOPS; hop++) {
        int service = (first + hop) % services;
        if (service % AGENTS != agent) {
          continue;
        }
        rows.add(high, low)
            .add(low + hop + 1)
            .add(hop == 0 ? 0L : low + hop)
            .add(service(service))
            .add("GET /route/" + hop)
            .add((long) Role.SERVER.code())
            .add(start + hop * 100_000L)
            .add(5_000_000L - hop * 1_000_000L)
            .add(500L)
            .add(200L)
            .add("GET")
            .add("/route/" + hop)
            .add("127.0.0.1")
            .add("host")
            .add(100L)
            .add(2000L)
            .add(77L)
            .add("")
            .add(low + hop)
            .add(0L)
            .add("{}");
      }
    }
    return rows.build();
  }

  private void fill(Path directory, String node, int days, List<String> ids) {
    DayClock clock = new DayClock();
    Instant today = Instant.now().truncatedTo(ChronoUnit.DAYS);
    long hoursToday = Duration.between(today, Instant.now()).toHours();
    Random random = new Random(7);
    long[] windows = new long[AGENTS];
    long[] hops = new long[AGENTS];
    clock.now = today;
    try (ColonyStore store =
        ColonyStore.open(directory.resolve(node).resolve("colony"), clock, "colony:" + node)) {
      for (int agent = 0; agent < AGENTS; agent++) {
        store.saveAgent(
            new ColonyStore.KnownAgent(
                agent(agent),
                "{\"agentId\":\"%s\",\"displayName\":\"%s\",\"apiEndpoint\":\"127.0.0.1:9\"}"
                    .formatted(agent(agent), agent(agent)),
                clock.millis() * 1_000_000));
      }
      for (int day = days - 1; day >= 0; day--) {
        Instant midnight = today.minus(Duration.ofDays(day));
        for (int hour = 0; hour < (day == 0 ? hoursToday : 24); hour++) {
          clock.now = midnight.plus(Duration.ofHours(hour));
          long nanos = clock.now.getEpochSecond() * 1_000_000_000L;
          List<Delivery> counted = new ArrayList<>();
          List<Delivery> traced = new ArrayList<>();
          for (int agent = 0; agent < AGENTS; agent++) {
            ColumnBatch seen = hops(agent, nanos, nanos, ids);
            if (!Ownership.owners(agent(agent), NODES, 2).contains(node)) {
              continue;
            }
            ColumnBatch rows = windows(agent, nanos, random);
            counted.add(
                new Delivery(
                    agent(agent),
                    new NumberedBatch("http_metrics", EPOCH, windows[agent] + 1, rows)));
            windows[agent] += rows.rows();
            if (seen.rows() > 0) {
              traced.add(
                  new Delivery(
                      agent(agent), new NumberedBatch("traces", EPOCH, hops[agent] + 1, seen)));
              hops[agent] += seen.rows();
            }
          }
          store.append(counted);
          store.append(traced);
        }
        store.roll();
      }
      clock.now = Instant.now();
      store.roll();
    }
  }

  public static void main(String[] args) {
    HistoryFill fill =
        new HistoryFill(
            Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
    for (String node : NODES) {
      List<String> ids = new ArrayList<>();
      fill.fill(Path.of(args[0]), node, Integer.parseInt(args[1]), ids);
      if (node.equals(NODES.getLast())) {
        ids.forEach(System.out::println);
      }
    }
  }
}
