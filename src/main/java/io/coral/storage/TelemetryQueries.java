package io.coral.storage;

import io.coral.histogram.Bounds;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.Exchange;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// The questions that agents and colonies answer, on the base tables.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Times are Unix nanoseconds, ranges include their beginning and exclude their end.
/// Percentiles come from merged histograms. Failures are [StorageException]s.
public final class TelemetryQueries {
  private static final long WINDOW_NANOS = 10_000_000_000L;

  private final SumSource source;

  /// @param source of the counts
  public TelemetryQueries(SumSource source) {
    this.source = source;
  }

  /// @param store an agent's
  public TelemetryQueries(AgentStore store) {
    this(new Sums(store));
  }

  /// RED per route and method of one service, or of all when `service` is empty.
  public HttpAnswer http(String service, long sinceNanos, long untilNanos, Role role) {
    Map<String, RouteTotals> totals = new HashMap<>();
    RouteTotals overall = new RouteTotals("", "");
    SumTable table =
        sums(
            List.of("method", "route", "status"),
            where(role, service.isEmpty() ? List.of() : List.of(service)),
            sinceNanos,
            untilNanos,
            SumsQuestion.ONE_STEP);
    table
        .sums()
        .forEach(
            (key, sum) -> {
              String method = key.of().get(0);
              String route = key.of().get(1);
              int status = Integer.parseInt(key.of().get(2));
              totals
                  .computeIfAbsent(method + " " + route, _ -> new RouteTotals(route, method))
                  .add(status, sum, role);
              overall.add(status, sum, role);
            });
    return new HttpAnswer(
        totals.values().stream()
            .map(RouteTotals::statistics)
            .sorted(
                Comparator.comparingLong(HttpAnswer.Statistics::requests)
                    .reversed()
                    .thenComparing(HttpAnswer.Statistics::route)
                    .thenComparing(HttpAnswer.Statistics::method))
            .toList(),
        overall.statistics());
  }

  private SumTable sums(
      List<String> by,
      Map<String, Set<String>> where,
      long sinceNanos,
      long untilNanos,
      long stepNanos) {
    return source.sums(
        new SumsQuestion(
            List.of(StreamSchema.HTTP_METRICS),
            by,
            where,
            Math.floorDiv(sinceNanos, WINDOW_NANOS) * WINDOW_NANOS,
            untilNanos,
            stepNanos,
            true));
  }

  private static Map<String, Set<String>> where(Role role, List<String> services) {
    Map<String, Set<String>> where = new HashMap<>();
    where.put("role", Set.of(Integer.toString(role.code())));
    if (!services.isEmpty()) {
      where.put("service", Set.copyOf(services));
    }
    return where;
  }

  private static final class RouteTotals {
    private final String route;
    private final String method;
    private final LatencyHistogram histogram = new LatencyHistogram();
    private final Map<String, Long> statusClasses = new TreeMap<>();
    private long errors;

    RouteTotals(String route, String method) {
      this.route = route;
      this.method = method;
    }

    void add(int status, SumTable.Sum sum, Role role) {
      long count = sum.histogram().total();
      merge(histogram, sum);
      statusClasses.merge(status == 0 ? "unknown" : status / 100 + "xx", count, Long::sum);
      if (Exchange.isError(role, status)) {
        errors += count;
      }
    }

    HttpAnswer.Statistics statistics() {
      long requests = histogram.total();
      return new HttpAnswer.Statistics(
          route,
          method,
          statusClasses,
          requests,
          histogram.quantileNanos(0.50) / 1e6,
          histogram.quantileNanos(0.95) / 1e6,
          histogram.quantileNanos(0.99) / 1e6,
          errors,
          requests == 0 ? 0 : (double) errors / requests);
    }
  }

  /// The duration that a share of a service's requests did not exceed: the lower bound of the
  /// bucket in which the quantile lies, so that the requests of that bucket count as slow.
  ///
  /// @param service empty = all; `method` and `route` alike
  /// @param quantile 0 to 1
  /// @return -1 when there was no request
  public long slowNanos(
      String service,
      String method,
      String route,
      long sinceNanos,
      long untilNanos,
      double quantile) {
    Map<String, Set<String>> where =
        where(Role.SERVER, service.isEmpty() ? List.of() : List.of(service));
    if (!method.isEmpty()) {
      where.put("method", Set.of(method));
    }
    if (!route.isEmpty()) {
      where.put("route", Set.of(route));
    }
    LatencyHistogram histogram = new LatencyHistogram();
    sums(List.of(), where, sinceNanos, untilNanos, SumsQuestion.ONE_STEP)
        .sums()
        .values()
        .forEach(sum -> merge(histogram, sum));
    if (histogram.total() == 0) {
      return -1;
    }
    long nanos = (long) Math.ceil(histogram.quantileNanos(quantile));
    return Bounds.lowerNanos(Bounds.bucketOf(nanos));
  }

  /// Server-side HTTP windows with the seeds' buckets, oldest first, merged over peers.
  ///
  /// @param services empty = all
  public List<HttpWindow> httpWindows(List<String> services, long sinceNanos, long untilNanos) {
    List<HttpWindow> windows = new ArrayList<>();
    sums(
            List.of("service", "method", "route", "status", "attributes"),
            where(Role.SERVER, services),
            sinceNanos,
            untilNanos,
            WINDOW_NANOS)
        .sums()
        .forEach(
            (key, sum) -> {
              long[] counts = new long[Bounds.SEED_MILLIS.size() + 1];
              int[] buckets = sum.histogram().sparseCounts();
              for (int i = 0; i < buckets.length; i++) {
                counts[seedIndex(sum.histogram().offset() + i)] +=
                    Integer.toUnsignedLong(buckets[i]);
              }
              windows.add(
                  new HttpWindow(
                      key.startNanos(),
                      key.of().get(0),
                      key.of().get(1),
                      key.of().get(2),
                      Integer.parseInt(key.of().get(3)),
                      counts,
                      sum.histogram().total(),
                      Attributes.parse(key.of().get(4))));
            });
    windows.sort(Comparator.comparingLong(HttpWindow::windowUnixNanos));
    return windows;
  }

  private static int seedIndex(int bucket) {
    double upper = Bounds.seedUpperMillis(bucket);
    int index = Bounds.SEED_MILLIS.indexOf(upper);
    return index >= 0 ? index : Bounds.SEED_MILLIS.size();
  }

  /// Every service with traffic in the range, by name.
  public List<ServiceRow> services(long sinceNanos, long untilNanos) {
    List<String> by = new ArrayList<>(List.of("service", "role", "status", "name_source"));
    if (source.withAgents()) {
      by.add("agent_id");
    }
    Map<String, ServiceTotals> services = new TreeMap<>();
    sums(by, Map.of(), sinceNanos, untilNanos, SumsQuestion.ONE_STEP)
        .sums()
        .forEach(
            (key, sum) ->
                services
                    .computeIfAbsent(key.of().getFirst(), _ -> new ServiceTotals())
                    .add(key.of(), sum));
    List<ServiceRow> rows = new ArrayList<>();
    services.forEach((name, totals) -> rows.add(totals.row(name)));
    return rows;
  }

  private static void merge(LatencyHistogram into, SumTable.Sum sum) {
    into.merge(sum.histogram().offset(), sum.histogram().sparseCounts());
  }

  private static final class ServiceTotals {
    private final LatencyHistogram served = new LatencyHistogram();
    private final TreeSet<String> agents = new TreeSet<>();
    private long errors;
    private long clientRequests;
    private long lastUnixNanos;
    private String nameSource = "";

    void add(List<String> of, SumTable.Sum sum) {
      Role role = Role.ofCode(Integer.parseInt(of.get(1)));
      long count = sum.histogram().total();
      if (role == Role.SERVER) {
        merge(served, sum);
        errors += Exchange.isError(role, Integer.parseInt(of.get(2))) ? count : 0;
      } else {
        clientRequests += count;
      }
      lastUnixNanos = Math.max(lastUnixNanos, sum.lastNanos());
      nameSource = of.get(3);
      if (of.size() > 4) {
        agents.add(of.get(4));
      }
    }

    ServiceRow row(String name) {
      return new ServiceRow(
          name,
          served.total(),
          errors,
          served.quantileNanos(0.95) / 1e6,
          lastUnixNanos,
          clientRequests,
          nameSource,
          List.copyOf(agents));
    }
  }
}
