package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class QueryHttpCommandTest {
  private static final String PAYMENTS =
      """
      {"serviceName":"payments-api","routes":[
        {"route":"/api/v1/refunds","method":"POST","statusClasses":{"2xx":"2923","5xx":"177"},
         "requests":"3100","p50Ms":120,"p95Ms":350,"p99Ms":800,"errors":"177","errorRate":0.0571},
        {"route":"/api/v1/payments","method":"POST","statusClasses":{"2xx":"44160","5xx":"1040"},
         "requests":"45200","p50Ms":45.2,"p95Ms":180.4,"p99Ms":420,"errors":"1040","errorRate":0.023,
         "exemplars":["abc1","abc2"]},
        {"route":"/api/v1/payments/:id","method":"GET","statusClasses":{"2xx":"12787","5xx":"13"},
         "requests":"12800","p50Ms":8,"p95Ms":25,"p99Ms":60,"errors":"13","errorRate":0.001}],
       "overall":{"requests":"61100","p50Ms":40,"p95Ms":180,"p99Ms":420,"errors":"1711",
         "errorRate":0.028},
       "completeness":{"agentsTotal":%d,"agentsAnswered":%d,"asOfUnixNanos":"1767365998000000000"}}
      """;
  private static final String SERVICES =
      """
      {"services":[{"name":"payments-api","lastSeenUnixNanos":"1767362400000000000"},
                   {"name":"frontend-api"}],
       "completeness":{"agentsTotal":1,"agentsAnswered":1}}
      """;

  private final FakeServer server = new FakeServer();

  @AfterEach
  void stop() {
    server.close();
  }

  private CommandLineRun query(String... args) {
    String[] all = new String[args.length + 5];
    all[0] = "query";
    all[1] = "beyla";
    all[2] = "http";
    System.arraycopy(args, 0, all, 3, args.length);
    all[args.length + 3] = "--colony";
    all[args.length + 4] = server.address();
    return CommandLineRun.of(all);
  }

  @Test
  void table_withFiguresOfTheSpecification_isPrintedAsThere() {
    server.colony("QueryHttp", PAYMENTS.formatted(1, 1));
    CommandLineRun run = query("payments-api", "--since", "1h");
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .isEqualTo(
            """
            Service: payments-api (last 1 hour, Beyla HTTP metrics)

            Route                        | Requests | P50   | P95   | P99   | Errors
            -----------------------------|----------|-------|-------|-------|-------
            POST /api/v1/payments        | 45.2k    | 45ms  | 180ms | 420ms | 2.3%
            GET /api/v1/payments/:id     | 12.8k    | 8ms   | 25ms  | 60ms  | 0.1%
            POST /api/v1/refunds         | 3.1k     | 120ms | 350ms | 800ms | 5.7%

            Overall: 61.1k requests, P95=180ms, error rate=2.8%
            """);
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void request_carriesServiceRangeAndRole() {
    server.colony("QueryHttp", PAYMENTS.formatted(1, 1));
    CommandLineRun run = query("payments-api", "--since", "30m", "--role", "client");
    assertThat(run.out()).contains("(last 30 minutes, Beyla HTTP client metrics)");
    assertThat(server.asked())
        .containsExactly(
            "/coral.colony.v1.ColonyService/QueryHttp {\"serviceName\":\"payments-api\","
                + "\"sinceUnixNanos\":\"1767364200000000000\","
                + "\"untilUnixNanos\":\"1767366000000000000\",\"role\":\"client\","
                + "\"withoutExemplars\":true}");
  }

  @Test
  void json_hasTheFieldsOfTheContractAndNumbers() {
    server.colony("QueryHttp", PAYMENTS.formatted(1, 1));
    CommandLineRun run = query("payments-api", "-o", "json");
    JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
    assertThat(json.keySet())
        .containsExactly("service", "since", "until", "routes", "overall", "completeness");
    assertThat(json.get("since").getAsString()).isEqualTo("2026-01-02T14:00:00Z");
    JsonObject route = json.getAsJsonArray("routes").get(0).getAsJsonObject();
    assertThat(route.keySet())
        .containsExactly(
            "route",
            "method",
            "status_classes",
            "requests",
            "p50_ms",
            "p95_ms",
            "p99_ms",
            "errors",
            "error_rate",
            "exemplar_trace_ids");
    assertThat(route.getAsJsonArray("exemplar_trace_ids").get(0).getAsString()).isEqualTo("abc1");
    assertThat(route.get("route").getAsString()).isEqualTo("/api/v1/payments");
    assertThat(route.getAsJsonPrimitive("requests").isNumber()).isTrue();
    assertThat(route.getAsJsonObject("status_classes").get("5xx").getAsInt()).isEqualTo(1040);
    assertThat(json.getAsJsonObject("overall").keySet())
        .containsExactly("requests", "p50_ms", "p95_ms", "p99_ms", "errors", "error_rate");
    assertThat(json.getAsJsonObject("completeness"))
        .isEqualTo(
            JsonParser.parseString(
                "{\"agents_total\":1,\"agents_answered\":1,\"gaps\":[],"
                    + "\"as_of\":\"2026-01-02T14:59:58Z\"}"));
  }

  @Test
  void partialAnswer_isMarkedAndExits5() {
    server.colony("QueryHttp", PAYMENTS.formatted(5, 4));
    CommandLineRun run = query("payments-api");
    assertThat(run.out()).endsWith("\n! 1 of 5 agents did not answer: figures are lower bounds\n");
    assertThat(run.exitCode()).isEqualTo(ExitCode.PARTIAL);
    assertThat(query("payments-api", "-o", "json").exitCode()).isEqualTo(ExitCode.PARTIAL);
  }

  @Test
  void fewRequests_givePercentilesMarkedAsRough() {
    server.colony(
        "QueryHttp",
        """
        {"routes":[{"route":"/","method":"GET","requests":"19","p50Ms":0.42,"p95Ms":9.96,
          "p99Ms":1234}],"overall":{"requests":"19","p95Ms":9.96}}
        """);
    assertThat(query("shop").out())
        .contains("GET /                        | 19       | ~0.4ms | ~10ms | ~1.2s | 0.0%")
        .contains("Overall: 19 requests, P95=~10ms, error rate=0.0%");
  }

  @Test
  void unknownService_exits3AndNamesTheNearest() {
    server.colony("QueryHttp", "{}").colony("ListServices", SERVICES);
    CommandLineRun run = query("paymets-api");
    assertThat(run.exitCode()).isEqualTo(ExitCode.NO_DATA);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .isEqualTo(
            """
            coral: no HTTP requests of 'paymets-api' (last 1 hour)
              why:  no service has this name; known: frontend-api, payments-api
              next: did you mean 'payments-api'?
            """);
  }

  @Test
  void unknownServiceByErrorCode_exits3() {
    server
        .refuse("/coral.colony.v1.ColonyService/QueryHttp", 404, "not_found", "no such service")
        .colony("ListServices", SERVICES);
    assertThat(query("nobody").exitCode()).isEqualTo(ExitCode.NO_DATA);
  }

  @Test
  void knownServiceWithoutTraffic_exits3AndSaysSo() {
    server.colony("QueryHttp", "{}").colony("ListServices", SERVICES);
    CommandLineRun run = query("payments-api", "--since", "5m");
    assertThat(run.exitCode()).isEqualTo(ExitCode.NO_DATA);
    assertThat(run.err())
        .contains("payments-api is known, without traffic of this kind in this time")
        .contains("last exchange 2026-01-02 14:00:00")
        .contains("coral explain payments-api");
  }

  @Test
  void noService_printsOneTableEach() {
    server.colony("QueryHttp", PAYMENTS.formatted(1, 1)).colony("ListServices", SERVICES);
    CommandLineRun run = query();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .contains("Service: payments-api (")
        .contains("\n\nService: frontend-api (");
  }

  @Test
  void unreachableColony_exits4InThreeLines() {
    String address = server.address();
    server.close();
    CommandLineRun run =
        CommandLineRun.of("query", "beyla", "http", "shop", "--colony", address, "-o", "json");
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines())
        .hasSize(3)
        .first()
        .isEqualTo("coral: cannot reach the colony at http://" + address);
  }

  @Test
  void refusedByPermission_exits6() {
    server.refuse("/coral.colony.v1.ColonyService/QueryHttp", 403, "permission_denied", "no token");
    assertThat(query("shop").exitCode()).isEqualTo(ExitCode.PERMISSION);
  }

  @Test
  void agentFlag_asksTheAgent() {
    server.agent("QueryHttp", PAYMENTS.formatted(1, 1));
    CommandLineRun run =
        CommandLineRun.of("query", "beyla", "http", "payments-api", "--agent", server.address());
    assertThat(run.exitCode()).isZero();
    assertThat(server.asked()).singleElement().asString().startsWith("/coral.agent.v1.Agent");
  }
}
