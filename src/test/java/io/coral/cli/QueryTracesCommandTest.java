package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class QueryTracesCommandTest {
  private static final String TRACES =
      """
      {"traces":[
       {"traceId":"abc123def45600000000000000000001","startUnixNanos":"1767365998000000000",
        "durationNanos":"1200000000","spans":8,"statusCode":200,"rootService":"frontend-api",
        "rootOperation":"GET /checkout","services":4,
        "rootCause":"128 × GET /cards from orders-api (N+1), 1.1s total"},
       {"traceId":"def456abc78900000000000000000002","durationNanos":"850000000","spans":6,
        "rootService":"payments-api","rootOperation":"POST /api/v1/payments",
        "rootCause":"no single cause: spread over 6 spans"},
       {"traceId":"789abc123def00000000000000000003","durationNanos":"5200000000","spans":12,
        "statusCode":500,"error":true,"rootService":"frontend-api",
        "rootOperation":"GET /checkout",
        "rootCause":"card-validator-svc POST /validate: 4.8s self time (92%), status 504"}],
       "completeness":{"agentsTotal":1,"agentsAnswered":1}}
      """;

  private final FakeServer server = new FakeServer();

  @BeforeEach
  void answer() {
    server.colony("ListTraces", TRACES);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void recentTraces_arePrintedAsInTheSpecification() {
    CommandLineRun run =
        CommandLineRun.of(
            "query",
            "beyla",
            "traces",
            "--service",
            "payments-api",
            "--since",
            "1h",
            "--limit",
            "10",
            "--colony",
            server.address());
    assertThat(run.out())
        .isEqualTo(
            """
            Recent Traces (last 1 hour, payments-api):

            Trace ID         | Duration | Spans | Status | Root Operation
            -----------------|----------|-------|--------|---------------------------
            abc123def456     | 1.2s     | 8     | 200    | GET /checkout
            def456abc789     | 850ms    | 6     | -      | POST /api/v1/payments
            789abc123def     | 5.2s     | 12    | 500    | GET /checkout (ERROR)
            """);
    assertThat(server.asked().getFirst()).contains("\"limit\":10");
  }

  @Test
  void slowTraces_showACause() {
    CommandLineRun run =
        CommandLineRun.of(
            "query",
            "beyla",
            "traces",
            "--service",
            "payments-api",
            "--min-duration",
            "500ms",
            "--colony",
            server.address());
    assertThat(run.out())
        .isEqualTo(
            """
            Slow Traces (duration ≥500ms, payments-api):

            Trace ID         | Duration | Root Cause
            -----------------|----------|--------------------------------------------------------------------
            abc123def456     | 1.2s     | 128 × GET /cards from orders-api (N+1), 1.1s total
            def456abc789     | 850ms    | no single cause: spread over 6 spans
            789abc123def     | 5.2s     | card-validator-svc POST /validate: 4.8s self time (92%), status 504
            """);
    assertThat(server.asked().getFirst()).contains("\"minDurationNanos\":\"500000000\"");
  }

  @Test
  void json_keepsTheWholeIdAndUnknownStatusAsNull() {
    CommandLineRun run =
        CommandLineRun.of("query", "beyla", "traces", "-o", "json", "--colony", server.address());
    JsonObject second =
        JsonParser.parseString(run.out())
            .getAsJsonObject()
            .getAsJsonArray("traces")
            .get(1)
            .getAsJsonObject();
    assertThat(second.get("trace_id").getAsString()).isEqualTo("def456abc78900000000000000000002");
    assertThat(second.get("status").isJsonNull()).isTrue();
  }

  @Test
  void ascii_replacesWhatIsOutsideIt() {
    CommandLineRun run =
        CommandLineRun.of(
            "--ascii",
            "query",
            "beyla",
            "traces",
            "--min-duration",
            "500ms",
            "--colony",
            server.address());
    assertThat(run.out()).startsWith("Slow Traces (duration >=500ms, all services):");
  }

  @Test
  void slowerThanAPercentile_saysWhatThatMeans() {
    server.colony(
        "ListTraces",
        TRACES.replace("{\"traces\"", "{\"slowerThanNanos\":\"180000000\",\"traces\""));
    CommandLineRun run =
        CommandLineRun.of(
            "query",
            "beyla",
            "traces",
            "payments-api",
            "--route",
            "POST /api/v1/payments",
            "--slower-than",
            "p95",
            "--colony",
            server.address());
    assertThat(run.out())
        .startsWith("Slow Traces (duration ≥p95 = 180ms, payments-api POST /api/v1/payments):\n");
    assertThat(server.asked().getFirst())
        .contains("\"serviceName\":\"payments-api\"")
        .contains("\"route\":\"POST /api/v1/payments\"")
        .contains("\"slowerThanPercentile\":\"p95\"");
  }

  @Test
  void slowerThanADuration_isSentAsOne() {
    CommandLineRun run =
        CommandLineRun.of(
            "query",
            "beyla",
            "traces",
            "--slower-than",
            "250ms",
            "--format",
            "json",
            "--colony",
            server.address());
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("\"root_cause\": \"128 × GET /cards");
    assertThat(server.asked().getFirst()).contains("\"slowerThanNanos\":\"250000000\"");
  }

  @Test
  void optionsOfOneTrace_needOne() {
    assertThat(CommandLineRun.of("query", "beyla", "traces", "--format", "tree").exitCode())
        .isEqualTo(ExitCode.USAGE);
    assertThat(CommandLineRun.of("query", "beyla", "traces", "--spans").exitCode())
        .isEqualTo(ExitCode.USAGE);
  }
}
