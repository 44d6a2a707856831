package io.coral.storage;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Rate, errors and duration over time, of requests of every protocol, from the windows in which
/// they were counted. On the base tables only.
///
/// Every method blocks, opens a connection of its own and may be called on any thread but an event
/// loop. Failures are [StorageException]s.
public final class RedQueries {
  /// The shortest step there is.
  public static final long WINDOW_NANOS = 10_000_000_000L;

  private static final List<StreamSchema> STREAMS =
      StreamSchema.ALL.stream().filter(StreamSchema::countsRequests).toList();

  private final RowSource source;

  /// @param store an agent's
  public RedQueries(AgentStore store) {
    this.source = store;
  }

  /// @param store a colony's
  public RedQueries(ColonyStore store) {
    this.source = store;
  }

  /// What is asked for.
  ///
  /// @param services at least one
  /// @param roles at least one
  /// @param sinceNanos Unix time, inclusive
  /// @param untilNanos Unix time, exclusive
  /// @param stepNanos ≥ [#WINDOW_NANOS]
  /// @param byOperation whether each operation of a service is a series of its own
  public record Question(
      List<String> services,
      Collection<Role> roles,
      long sinceNanos,
      long untilNanos,
      long stepNanos,
      boolean byOperation) {
    public Question {
      services = List.copyOf(services);
      roles = List.copyOf(roles);
      if (services.isEmpty() || roles.isEmpty() || stepNanos < WINDOW_NANOS) {
        throw new IllegalArgumentException("a service, a role and a step ≥ 10 s are needed");
      }
    }
  }

  /// A series.
  ///
  /// @param operation such as `GET /cart`; empty when it is of the whole service
  public record Series(String service, String operation) implements Comparable<Series> {
    @Override
    public int compareTo(Series other) {
      int byService = service.compareTo(other.service);
      return byService == 0 ? operation.compareTo(other.operation) : byService;
    }
  }

  /// Requests of one step.
  public record Counts(long calls, long errors) {}

  /// How many requests there were, by the start of the step; steps without any are left out.
  public Map<Series, Map<Long, Counts>> counts(Question question) {
    Map<Series, Map<Long, Counts>> found = new TreeMap<>();
    read(
        question,
        "sum(r.requests), sum(r.errors)",
        "",
        (series, result) ->
            found
                .computeIfAbsent(series, _ -> new TreeMap<>())
                .merge(
                    result.getLong("step") * question.stepNanos(),
                    new Counts(result.getLong(2), result.getLong(3)),
                    (a, b) -> new Counts(a.calls + b.calls, a.errors + b.errors)));
    return found;
  }

  /// How long requests took, by the start of the step.
  public Map<Series, Map<Long, LatencyHistogram>> durations(Question question) {
    Map<Series, Map<Long, LatencyHistogram>> found = new TreeMap<>();
    read(
        question,
        "r.bucket, sum(r.n)",
        ", r.bucket",
        (series, result) ->
            found
                .computeIfAbsent(series, _ -> new TreeMap<>())
                .computeIfAbsent(
                    result.getLong("step") * question.stepNanos(), _ -> new LatencyHistogram())
                .merge(result.getInt(2), new int[] {(int) result.getLong(3)}));
    return found;
  }

  private interface Reader {
    void read(Series series, ResultSet result) throws SQLException;
  }

  private void read(Question question, String figures, String grouping, Reader reader) {
    try (Connection connection = source.reader()) {
      for (StreamSchema schema : STREAMS) {
        for (StreamTable table : source.tables(schema)) {
          for (String service : question.services()) {
            try (Statement statement = connection.createStatement();
                ResultSet result =
                    statement.executeQuery(sql(table, service, question, figures, grouping))) {
              while (result.next()) {
                String operation =
                    question.byOperation()
                        ? (result.getString("d_method") + " " + result.getString("d_route")).strip()
                        : "";
                reader.read(new Series(service, operation), result);
              }
            }
          }
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot read what requests took", e);
    }
  }

  private static String sql(
      StreamTable table, String service, Question question, String figures, String grouping) {
    List<String> conditions = new ArrayList<>();
    conditions.add("r.counted = 1");
    conditions.add(table.hasText("service", Database.literal(service)));
    conditions.add(
        "r.role IN ("
            + question.roles().stream()
                .map(role -> "" + role.code())
                .collect(Collectors.joining(","))
            + ")");
    conditions.add(
        RowSource.condition(table.schema(), question.sinceNanos(), question.untilNanos()));
    conditions.removeIf(String::isEmpty);
    String operation = question.byOperation() ? ", r.method, r.route" : "";
    String rows =
        "SELECT r.window_unix_nanos // "
            + question.stepNanos()
            + " AS step"
            + operation
            + (grouping.isEmpty()
                ? ", r.requests, r.errors"
                : ", unnest(r.histogram) AS n, generate_subscripts(r.histogram, 1) - 1"
                    + " + r.histogram_offset AS bucket")
            + " FROM "
            + table.rowsTable()
            + " AS r WHERE "
            + String.join(" AND ", conditions);
    String grouped =
        "SELECT r.step, "
            + figures
            + operation
            + " FROM ("
            + rows
            + ") AS r GROUP BY r.step"
            + operation
            + grouping;
    return question.byOperation() ? table.withTexts(List.of("method", "route"), grouped) : grouped;
  }
}
