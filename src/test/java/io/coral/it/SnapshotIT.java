package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/// The copies of both databases answer the SQL of the specification.
@TestInstance(Lifecycle.PER_CLASS)
final class SnapshotIT {
  private static final String SERVICE = "shop";
  private static final List<String> HTTP_COLUMNS =
      List.of(
          "timestamp",
          "service_name",
          "http_method",
          "http_route",
          "http_status_code",
          "latency_bucket_ms",
          "count",
          "attributes");
  private static final List<String> GRPC_COLUMNS =
      List.of(
          "timestamp",
          "service_name",
          "grpc_method",
          "grpc_status_code",
          "latency_bucket_ms",
          "count",
          "attributes");
  private static final List<String> SQL_COLUMNS =
      List.of(
          "timestamp",
          "service_name",
          "sql_operation",
          "table_name",
          "latency_bucket_ms",
          "count",
          "attributes");
  private static final List<String> TRACE_COLUMNS =
      List.of(
          "trace_id",
          "span_id",
          "parent_span_id",
          "service_name",
          "span_name",
          "span_kind",
          "start_time",
          "duration_us",
          "status_code",
          "attributes");

  private final List<AutoCloseable> started = new ArrayList<>();
  private final Map<String, Long> expected = CountingTraffic.expected();
  private Snapshot agent;
  private Snapshot colony;

  @BeforeAll
  void serve(@TempDir Path directory) throws Exception {
    Host.requireCapture();
    Path agentFile = directory.resolve("agent.yaml");
    Path colonyFile = directory.resolve("colony.yaml");
    Files.writeString(agentFile, "agent:\n  flush_interval: 1s\nbeyla:\n  attributes: {zone: a}\n");
    Files.writeString(colonyFile, "colony:\n  poll_interval: 1s\n");
    Backend backend = Backend.start(Backend.Kind.NGINX, directory);
    started.add(backend);
    int colonyPort = Host.freePort();
    CoralProcess colonyProcess =
        CoralProcess.colony(directory, colonyPort, "--config", colonyFile.toString());
    started.add(colonyProcess);
    CoralProcess agentProcess =
        CoralProcess.agent(
            directory,
            Host.freePort(),
            Stream.concat(
                    Stream.of(backend.observedAs(SERVICE)),
                    Stream.of(
                        "--config", agentFile.toString(), "--colony", "127.0.0.1:" + colonyPort))
                .toArray(String[]::new));
    started.add(agentProcess);
    try (RawClient connection = new RawClient(backend.port())) {
      CountingTraffic.send(List.of(connection));
      await("the colony has counted")
          .atMost(Duration.ofSeconds(100))
          .pollInterval(Duration.ofMillis(250))
          .until(() -> colonyProcess.api().served("colony", SERVICE).equals(expected));
    }
    agent = withEverySpan(agentProcess, directory);
    started.add(agent);
    colony = withEverySpan(colonyProcess, directory);
    started.add(colony);
  }

  /// A copy from when every request is stored as a span, which takes longer than counting it.
  private static Snapshot withEverySpan(CoralProcess process, Path directory) {
    return await("spans are stored")
        .atMost(Duration.ofSeconds(100))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(500))
        .until(
            () -> Snapshot.of(process, directory),
            snapshot -> {
              try {
                if (snapshot.number("select count(*) from beyla_traces")
                    >= CountingTraffic.REQUESTS) {
                  return true;
                }
                snapshot.close();
                return false;
              } catch (SQLException | IOException e) {
                throw new IllegalStateException(e);
              }
            });
  }

  @AfterAll
  void stop() throws Exception {
    for (AutoCloseable each : started.reversed()) {
      each.close();
    }
  }

  @Test
  void seedsQuery_ofBoth_givesTheRequestsServed() throws Exception {
    Map<String, Long> byRoute = new TreeMap<>();
    expected.forEach((key, count) -> byRoute.merge(key.split(" ", -1)[1], count, Long::sum));
    for (Snapshot snapshot : List.of(agent, colony)) {
      Map<String, Long> counted = new TreeMap<>();
      for (List<@Nullable Object> row :
          snapshot.rows(
              "select service_name, http_route, sum(count) from beyla_http_metrics group by all")) {
        assertThat(row.getFirst()).isEqualTo(SERVICE);
        counted.put(String.valueOf(row.get(1)), Long.parseLong(String.valueOf(row.get(2))));
      }
      assertThat(counted).isEqualTo(byRoute);
      assertThat(snapshot.number("select sum(count) from beyla_http_metrics"))
          .isEqualTo(CountingTraffic.REQUESTS);
    }
  }

  @Test
  void statusAndMethod_ofBoth_areThoseOfTheTraffic() throws Exception {
    for (Snapshot snapshot : List.of(agent, colony)) {
      Map<String, Long> counted = new TreeMap<>();
      for (List<@Nullable Object> row :
          snapshot.rows(
              "select http_method || ' ' || http_route || ' ' || http_status_code, sum(count)"
                  + " from beyla_http_metrics group by all")) {
        counted.put(String.valueOf(row.getFirst()), Long.parseLong(String.valueOf(row.get(1))));
      }
      assertThat(counted).isEqualTo(expected);
    }
  }

  @Test
  void columns_ofTheAgent_areThoseOfTheSpecification() throws Exception {
    for (String suffix : List.of("", "_local")) {
      assertThat(agent.columns("beyla_http_metrics" + suffix)).isEqualTo(HTTP_COLUMNS);
      assertThat(agent.columns("beyla_grpc_metrics" + suffix)).isEqualTo(GRPC_COLUMNS);
      assertThat(agent.columns("beyla_sql_metrics" + suffix)).isEqualTo(SQL_COLUMNS);
      assertThat(agent.columns("beyla_traces" + suffix)).isEqualTo(TRACE_COLUMNS);
    }
  }

  @Test
  void columns_ofTheColony_nameTheAgentToo() throws Exception {
    assertThat(colony.columns("beyla_http_metrics")).isEqualTo(with("agent_id", HTTP_COLUMNS, 1));
    assertThat(colony.columns("beyla_grpc_metrics")).isEqualTo(with("agent_id", GRPC_COLUMNS, 1));
    assertThat(colony.columns("beyla_sql_metrics")).isEqualTo(with("agent_id", SQL_COLUMNS, 1));
    assertThat(colony.columns("beyla_traces")).isEqualTo(with("agent_id", TRACE_COLUMNS, 3));
    assertThat(colony.number("select count(distinct agent_id) from beyla_http_metrics"))
        .isEqualTo(1);
  }

  @Test
  void tablesOfLaterCollectors_ofTheAgent_areThereAndEmpty() throws Exception {
    for (String table :
        List.of(
            "otel_spans_local",
            "system_metrics_local",
            "cpu_profile_samples_local",
            "binary_metadata_local",
            "beyla_grpc_metrics",
            "beyla_sql_metrics")) {
      assertThat(agent.number("select count(*) from " + table)).as(table).isZero();
    }
  }

  @Test
  void spans_ofBoth_areOnePerRequest() throws Exception {
    for (Snapshot snapshot : List.of(agent, colony)) {
      assertThat(
              snapshot.number(
                  "select count(*) from beyla_traces where span_kind = 'server' and service_name = '"
                      + SERVICE
                      + "'"))
          .isEqualTo(CountingTraffic.REQUESTS);
      assertThat(
              snapshot.number(
                  "select count(*) from beyla_traces where not regexp_full_match(trace_id,"
                      + " '[0-9a-f]{32}') or not regexp_full_match(span_id, '[0-9a-f]{16}')"))
          .isZero();
    }
  }

  @Test
  void attributes_ofBoth_holdWhatWasConfigured() throws Exception {
    for (Snapshot snapshot : List.of(agent, colony)) {
      assertThat(
              snapshot.number(
                  "select sum(count) from beyla_http_metrics where attributes['zone'] = 'a'"))
          .isEqualTo(CountingTraffic.REQUESTS);
    }
  }

  private static List<String> with(String column, List<String> columns, int at) {
    List<String> more = new ArrayList<>(columns);
    more.add(at, column);
    return more;
  }
}
