package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// `query logs` and `query metrics`.
final class QuerySentCommandsTest {
  private static final String COMPLETE =
      "\"completeness\":{\"agentsTotal\":1,\"agentsAnswered\":1}";
  private static final String LOGS =
      """
      {"records":[
       {"timeUnixNanos":"1767365998123000000","serviceName":"payments-api","severityNumber":17,
        "severityText":"ERROR","body":"card declined\\n\\tat Pay.java:3\\n\\tat Main.java:9",
        "traceId":"abc123def45600000000000000000001","spanId":"b7ad6b7169203331",
        "attributes":"{\\"attempt\\":2}","resource":"{\\"attributes\\":{}}","scope":"{}"},
       {"timeUnixNanos":"1767365997000000000","serviceName":"cart","severityNumber":14,
        "body":"{\\"n\\":1.50}","bodyIsJson":true},
       {"timeUnixNanos":"1767365996000000000","serviceName":"cart","eventName":"cart.emptied"}],
       "cut":true,
      """
          + COMPLETE
          + "}";
  private static final String METRICS =
      """
      {"series":[
       {"serviceName":"shop","name":"orders","unit":"{order}","type":"sum","monotonic":true,
        "temporality":"cumulative","attributes":"{\\"state\\":\\"open\\",\\"n\\":3}",
        "points":[{"timeUnixNanos":"1767365990000000000","asInt":"9007199254740992"},
                  {"timeUnixNanos":"1767365998000000000","asInt":"9007199254740993"}]},
       {"serviceName":"shop","name":"wait","unit":"s","type":"histogram","attributes":"{}",
        "points":[{"timeUnixNanos":"1767365998000000000","count":"4","sum":1.5,"max":1,
                   "details":"{\\"bounds\\":[1],\\"counts\\":[3,1]}"}]},
       {"serviceName":"shop","name":"load","type":"gauge","attributes":"{}",
        "points":[{"timeUnixNanos":"1767365998000000000","asDouble":"NaN"}]},
       {"serviceName":"shop","name":"gone","type":"gauge","attributes":"{}",
        "points":[{"timeUnixNanos":"1767365998000000000","flags":1}]}],
      """
          + COMPLETE
          + "}";

  private final FakeServer server = new FakeServer();

  @AfterEach
  void stop() {
    server.close();
  }

  private CommandLineRun run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("query"));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--colony", server.address()));
    return CommandLineRun.of(all.toArray(String[]::new));
  }

  @Test
  void logs_areALineEach() {
    server.colony("QueryLogs", LOGS);
    CommandLineRun run = run("logs", "payments-api", "--level", "warn", "--search", "it's");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .isEqualTo(
            """
            Log Records (last 1 hour, payments-api):

            Time                    | Level | Service      | Trace ID     | Message
            ------------------------|-------|--------------|--------------|-------------------------------
            2026-01-02 14:59:58.123 | ERROR | payments-api | abc123def456 | card declined (+2 lines)
            2026-01-02 14:59:57.000 | WARN  | cart         | -            | {"n":1.50}
            2026-01-02 14:59:56.000 | -     | cart         | -            | event cart.emptied
            … older records were left out, see --limit 100
            """);
    assertThat(server.asked().getFirst())
        .contains("\"serviceName\":\"payments-api\"")
        .contains("\"level\":\"warn\"")
        .contains("\"search\":\"it's\"")
        .contains("\"limit\":100");
  }

  @Test
  void logs_asJson_keepTheirTypes() {
    server.colony("QueryLogs", LOGS);
    CommandLineRun run = run("logs", "--format", "json");
    JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
    assertThat(json.get("cut").getAsBoolean()).isTrue();
    JsonObject first = json.getAsJsonArray("records").get(0).getAsJsonObject();
    assertThat(first.get("time").getAsString()).isEqualTo("2026-01-02T14:59:58.123Z");
    assertThat(first.get("body").getAsString()).contains("\n\tat Pay.java:3");
    assertThat(first.getAsJsonObject("attributes").get("attempt").getAsInt()).isEqualTo(2);
    JsonObject second = json.getAsJsonArray("records").get(1).getAsJsonObject();
    assertThat(second.getAsJsonObject("body").get("n")).hasToString("1.50");
    assertThat(second.get("level").getAsString()).isEqualTo("WARN");
    assertThat(json.getAsJsonObject("completeness").get("agents_answered").getAsInt()).isOne();
  }

  @Test
  void logs_ofATrace_areOfAnyAgeUnlessTheTimeIsGiven() {
    server.colony("QueryLogs", LOGS);
    CommandLineRun run = run("logs", "--trace-id", "abc123def456");
    assertThat(run.out()).startsWith("Log Records (trace abc123def456, all services):");
    assertThat(server.asked().getFirst())
        .contains("\"traceId\":\"abc123def456\"")
        .doesNotContain("sinceUnixNanos");
    run("logs", "--trace-id", "abc123def456", "--since", "1d");
    assertThat(server.asked().get(1)).contains("sinceUnixNanos");
  }

  @Test
  void logs_whenThereAreNone_sayWhoSentSome() {
    server.colony("QueryLogs", "{\"knownServices\":[\"cart\",\"payments-api\"]," + COMPLETE + "}");
    CommandLineRun run = run("logs", "payment-api");
    assertThat(run.exitCode()).isEqualTo(ExitCode.NO_DATA);
    assertThat(run.err())
        .contains("no log records of 'payment-api' (last 1 hour)")
        .contains("some of cart, payments-api")
        .contains("did you mean 'payments-api'?");
    assertThat(run("logs", "cart").err()).contains("none that fit");
    server.colony("QueryLogs", "{" + COMPLETE + "}");
    assertThat(run("logs").err()).contains("no application has sent any").contains("4317");
  }

  @Test
  void answer_thatStandsOnLess_saysSo() {
    server.colony(
        "QueryLogs",
        "{\"records\":[{\"timeUnixNanos\":\"1\",\"body\":\"x\"}],"
            + "\"completeness\":{\"agentsTotal\":2,\"agentsAnswered\":1,\"gaps\":[\"b is gone\"]}}");
    CommandLineRun run = run("logs");
    assertThat(run.exitCode()).isEqualTo(ExitCode.PARTIAL);
    assertThat(run.out()).contains("! 1 of 2 agents did not answer").contains("! b is gone");
  }

  @Test
  void values_thatCannotBe_areRefusedInThreeLines() {
    server.refuse(
        "/coral.colony.v1.ColonyService/QueryLogs",
        400,
        "invalid_argument",
        "trace_id: begins several traces");
    for (String[] wrong :
        List.of(
            new String[] {"logs", "--limit", "0"},
            new String[] {"logs", "--limit", "1001"},
            new String[] {"logs", "--level", "loud"},
            new String[] {"logs", "--since", "soon"},
            new String[] {"logs", "a", "--service", "b"},
            new String[] {"logs", "--trace-id", "0af765"},
            new String[] {"metrics", "--limit", "10001"},
            new String[] {"metrics", "--format", "xml"})) {
      CommandLineRun run = run(wrong);
      assertThat(run.exitCode()).as(String.join(" ", wrong)).isEqualTo(ExitCode.USAGE);
      assertThat(run.err().lines()).as(String.join(" ", wrong)).hasSize(3);
    }
  }

  @Test
  void metrics_areALineASeries() {
    server.colony("QueryMetrics", METRICS);
    CommandLineRun run = run("metrics", "--service", "shop", "--since", "1h");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .isEqualTo(
            """
            Metrics (last 1 hour, shop):

            Service      | Metric               | Type      | Unit    | Attributes     | Points | Last
            -------------|----------------------|-----------|---------|----------------|--------|---------------------
            shop         | orders               | sum       | {order} | state=open,n=3 | 2      | 9007199254740993
            shop         | wait                 | histogram | s       | -              | 1      | 4 values, mean 0.375
            shop         | load                 | gauge     | -       | -              | 1      | NaN
            shop         | gone                 | gauge     | -       | -              | 1      | no value
            """);
  }

  @Test
  void metrics_asJson_haveExactIntegersAndBuckets() {
    server.colony("QueryMetrics", METRICS);
    CommandLineRun run = run("metrics", "--name", "orders", "-o", "json");
    JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
    JsonObject orders = json.getAsJsonArray("series").get(0).getAsJsonObject();
    assertThat(orders.getAsJsonArray("points").get(1).getAsJsonObject().get("value"))
        .hasToString("9007199254740993");
    JsonObject histogram = json.getAsJsonArray("series").get(1).getAsJsonObject();
    JsonObject point = histogram.getAsJsonArray("points").get(0).getAsJsonObject();
    assertThat(point.get("counts")).hasToString("[3,1]");
    assertThat(point.get("min").isJsonNull()).isTrue();
    assertThat(server.asked().getFirst()).contains("\"name\":\"orders\"");
  }

  @Test
  void metrics_ofAnUnknownName_sayTheNearest() {
    server.colony(
        "QueryMetrics",
        "{\"knownServices\":[\"shop\"],\"knownNames\":[\"orders\",\"wait\"]," + COMPLETE + "}");
    CommandLineRun run = run("metrics", "shop", "--name", "order");
    assertThat(run.exitCode()).isEqualTo(ExitCode.NO_DATA);
    assertThat(run.err()).contains("no metric 'order' of shop").contains("did you mean 'orders'?");
    assertThat(run("metrics", "shop").err()).contains("none that fit");
  }
}
