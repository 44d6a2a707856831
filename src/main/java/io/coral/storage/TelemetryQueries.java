package io.coral.storage;

import io.coral.histogram.Bounds;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.Exchange;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// The questions that agents and colonies answer, on the base tables.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Times are Unix nanoseconds, ranges include their beginning and exclude their end.
/// Percentiles come from merged histograms. Failures are [StorageException]s.
public final class TelemetryQueries {
  private static final long WINDOW_NANOS = 10_000_000_000L;

  private final RowSource source;

  /// @param store an agent's
  public TelemetryQueries(AgentStore store) {
    this.source = store;
  }

  /// @param store a colony's
  public TelemetryQueries(ColonyStore store) {
    this.source = store;
  }

  /// RED per route and method of one service, or of all when `service` is empty.
  public HttpAnswer http(String service, long sinceNanos, long untilNanos, Role role) {
    String sql =
        "SELECT method, route, status, bucket, sum(n) FROM (SELECT method, route, status, unnest(histogram)"
            + " AS n, generate_subscripts(histogram, 1) - 1 + histogram_offset AS bucket FROM ("
            + windows(sinceNanos, untilNanos)
            + ") WHERE role = ?"
            + (service.isEmpty() ? "" : " AND service = ?")
            + ") WHERE n > 0 GROUP BY ALL";
    Map<String, RouteTotals> totals = new HashMap<>();
    RouteTotals overall = new RouteTotals("", "");
    try (Connection connection = source.reader();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setInt(1, role.code());
      if (!service.isEmpty()) {
        statement.setString(2, service);
      }
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          String method = result.getString(1);
          String route = result.getString(2);
          int status = result.getInt(3);
          int bucket = result.getInt(4);
          long count = result.getLong(5);
          totals
              .computeIfAbsent(method + " " + route, _ -> new RouteTotals(route, method))
              .add(status, bucket, count, role);
          overall.add(status, bucket, count, role);
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read HTTP metrics", e);
    }
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

  private String windows(long sinceNanos, long untilNanos) {
    return "SELECT * FROM ("
        + source.relation(
            StreamSchema.HTTP_METRICS,
            Math.floorDiv(sinceNanos, WINDOW_NANOS) * WINDOW_NANOS,
            untilNanos)
        + ") WHERE counted = 1";
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

    void add(int status, int bucket, long count, Role role) {
      histogram.merge(bucket, new int[] {(int) count});
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
    String sql =
        "SELECT bucket, sum(n) FROM (SELECT unnest(histogram) AS n, generate_subscripts(histogram, 1) - 1"
            + " + histogram_offset AS bucket FROM ("
            + windows(sinceNanos, untilNanos)
            + ") WHERE role = 1 AND $1 IN ('', service) AND $2 IN ('', method) AND $3 IN ('', route))"
            + " WHERE n > 0 GROUP BY bucket";
    LatencyHistogram histogram = new LatencyHistogram();
    try (Connection connection = source.reader();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, 1, List.of(service, method, route));
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          histogram.merge(result.getInt(1), new int[] {(int) result.getLong(2)});
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read HTTP metrics", e);
    }
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
    String sql =
        "SELECT window_unix_nanos, service, method, route, status, attributes, bucket, sum(n) FROM (SELECT"
            + " window_unix_nanos, service, method, route, status, attributes, unnest(histogram) AS n,"
            + " generate_subscripts(histogram, 1) - 1 + histogram_offset AS bucket FROM ("
            + windows(sinceNanos, untilNanos)
            + ") WHERE role = 1"
            + inList("service", services.size())
            + ") WHERE n > 0 GROUP BY ALL ORDER BY ALL";
    List<HttpWindow> windows = new ArrayList<>();
    try (Connection connection = source.reader();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      bind(statement, 1, services);
      try (ResultSet result = statement.executeQuery()) {
        Map<List<Object>, long[]> merged = new LinkedHashMap<>();
        while (result.next()) {
          List<Object> key =
              List.of(
                  result.getLong(1),
                  result.getString(2),
                  result.getString(3),
                  result.getString(4),
                  result.getInt(5),
                  result.getString(6));
          merged
                  .computeIfAbsent(key, _ -> new long[Bounds.SEED_MILLIS.size() + 1])[
                  seedIndex(result.getInt(7))] +=
              result.getLong(8);
        }
        merged.forEach(
            (key, counts) ->
                windows.add(
                    new HttpWindow(
                        (Long) key.get(0),
                        (String) key.get(1),
                        (String) key.get(2),
                        (String) key.get(3),
                        (Integer) key.get(4),
                        counts,
                        Arrays.stream(counts).sum(),
                        Attributes.parse((String) key.get(5)))));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read HTTP metrics", e);
    }
    return windows;
  }

  private static int seedIndex(int bucket) {
    double upper = Bounds.seedUpperMillis(bucket);
    int index = Bounds.SEED_MILLIS.indexOf(upper);
    return index >= 0 ? index : Bounds.SEED_MILLIS.size();
  }

  /// Every service with traffic in the range, by name.
  public List<ServiceRow> services(long sinceNanos, long untilNanos) {
    String windows = windows(sinceNanos, untilNanos);
    String sql =
        "SELECT service, role, status, bucket, sum(n), max(last_unix_nanos), any_value(name_source), "
            + (source.withAgents() ? "list(DISTINCT agent_id)" : "NULL")
            + " FROM (SELECT *, unnest(histogram) AS n, generate_subscripts(histogram, 1) - 1 +"
            + " histogram_offset AS bucket FROM ("
            + windows
            + ")) WHERE n > 0 GROUP BY service, role, status, bucket";
    Map<String, ServiceTotals> services = new TreeMap<>();
    try (Connection connection = source.reader();
        PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet result = statement.executeQuery()) {
      while (result.next()) {
        ServiceTotals totals =
            services.computeIfAbsent(result.getString(1), _ -> new ServiceTotals());
        totals.add(result);
      }
    } catch (SQLException e) {
      throw new StorageException("cannot list services", e);
    }
    List<ServiceRow> rows = new ArrayList<>();
    services.forEach((name, totals) -> rows.add(totals.row(name)));
    return rows;
  }

  private static final class ServiceTotals {
    private final LatencyHistogram served = new LatencyHistogram();
    private final TreeSet<String> agents = new TreeSet<>();
    private long errors;
    private long clientRequests;
    private long lastUnixNanos;
    private String nameSource = "";

    void add(ResultSet result) throws SQLException {
      Role role = Role.ofCode(result.getInt(2));
      long count = result.getLong(5);
      if (role == Role.SERVER) {
        served.merge(result.getInt(4), new int[] {(int) count});
        errors += Exchange.isError(role, result.getInt(3)) ? count : 0;
      } else {
        clientRequests += count;
      }
      lastUnixNanos = Math.max(lastUnixNanos, result.getLong(6));
      nameSource = result.getString(7);
      if (result.getArray(8) != null) {
        for (Object agent : (Object[]) result.getArray(8).getArray()) {
          agents.add(String.valueOf(agent));
        }
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

  private static String inList(String column, int size) {
    return size == 0 ? "" : " AND " + column + " IN (" + "?, ".repeat(size - 1) + "?)";
  }

  private static void bind(PreparedStatement statement, int from, List<String> values)
      throws SQLException {
    for (int i = 0; i < values.size(); i++) {
      statement.setString(from + i, values.get(i));
    }
  }
}
