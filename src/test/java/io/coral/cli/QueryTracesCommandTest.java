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
        "rootOperation":"GET /checkout"},
       {"traceId":"def456abc78900000000000000000002","durationNanos":"850000000","spans":6,
        "rootService":"payments-api","rootOperation":"POST /api/v1/payments"},
       {"traceId":"789abc123def00000000000000000003","durationNanos":"5200000000","spans":12,
        "statusCode":500,"error":true,"rootService":"frontend-api",
        "rootOperation":"GET /checkout"}],
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
        .startsWith(
            """
            Slow Traces (duration ≥500ms, payments-api):

            Trace ID         | Duration | Root Cause
            -----------------|----------|---------------------------------------------
            abc123def456     | 1.2s     | frontend-api GET /checkout: 1.2s
            """)
        .contains("| frontend-api GET /checkout: 5.2s, status 500\n");
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
  void traceId_isRefusedClearly() {
    CommandLineRun run = CommandLineRun.of("query", "beyla", "traces", "--trace-id", "abc123");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("reading one trace as a tree is not supported yet");
  }
}
