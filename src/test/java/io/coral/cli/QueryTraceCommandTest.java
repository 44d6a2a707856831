package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class QueryTraceCommandTest {
  private static final String ID = "abc123def45678900000000000000001";
  private static final String GET_TRACE = "/coral.colony.v1.ColonyService/GetTrace";

  private final FakeServer server = new FakeServer();

  @AfterEach
  void stop() {
    server.close();
  }

  /// An answer to `GetTrace`, node by node.
  private static final class Answer {
    private final JsonArray spans = new JsonArray();
    private final JsonArray nodes = new JsonArray();
    private final JsonArray services = new JsonArray();

    JsonObject span(String service, String kind, String seconds, String name, int status) {
      JsonObject span = new JsonObject();
      span.addProperty("traceId", ID);
      span.addProperty("spanId", "%016x".formatted(spans.size() + 1));
      span.addProperty("serviceName", service);
      span.addProperty("spanName", name);
      span.addProperty("spanKind", kind);
      span.addProperty("startTime", "2026-01-02T14:59:00.000000001Z");
      span.addProperty("duration", seconds + "s");
      span.addProperty("statusCode", status);
      JsonObject attributes = new JsonObject();
      attributes.addProperty("network.peer", "10.0.0.9:5432");
      attributes.addProperty("http.response.status_code", Integer.toString(status));
      span.add("attributes", attributes);
      spans.add(span);
      return span;
    }

    JsonObject node(int depth) {
      JsonObject node = new JsonObject();
      node.addProperty("depth", depth);
      node.addProperty("span", spans.size() - 1);
      nodes.add(node);
      return node;
    }

    Answer hop(int depth, String service, String seconds, String name) {
      span(service, "server", seconds, name, 200);
      node(depth);
      services.add(service);
      return this;
    }

    String json() {
      JsonObject json = new JsonObject();
      json.addProperty("traceId", ID);
      json.addProperty("durationNanos", "1200000000");
      json.add("services", services);
      json.addProperty("rootCause", "no single cause: spread over 6 spans");
      json.add("nodes", nodes);
      json.add("spans", spans);
      json.add("completeness", JsonParser.parseString("{\"agentsTotal\":1,\"agentsAnswered\":1}"));
      return json.toString();
    }
  }

  private CommandLineRun show(String... more) {
    String[] args = new String[more.length + 7];
    System.arraycopy(
        new String[] {
          "query", "beyla", "traces", "--trace-id", "abc123def456", "--colony", server.address()
        },
        0,
        args,
        0,
        7);
    System.arraycopy(more, 0, args, 7, more.length);
    return CommandLineRun.of(args);
  }

  private static String checkout() {
    return new Answer()
        .hop(1, "frontend-api", "1.2", "GET /checkout")
        .hop(2, "payments-api", "0.450", "POST /api/v1/payments")
        .hop(3, "card-validator-svc", "0.380", "POST /validate")
        .hop(4, "postgres", "0.012", "SELECT from cards")
        .hop(3, "fraud-detector", "0.035", "gRPC Check")
        .hop(2, "inventory-api", "0.180", "POST /api/v1/reserve")
        .hop(3, "redis", "0.002", "SET order:lock:12345")
        .hop(2, "email-svc", "0.015", "Kafka publish to notifications")
        .json();
  }

  @Test
  void tree_isPrintedAsInTheSpecification() {
    server.colony("GetTrace", checkout());
    CommandLineRun run = show();
    assertThat(run.out())
        .isEqualTo(
            """
            Trace ID: abc123def45678900000000000000001
            Duration: 1.2s
            Spans: 8
            Services: frontend-api, payments-api, card-validator-svc, postgres, fraud-detector, inventory-api, redis, email-svc

            Span Tree:
            frontend-api (1.2s, GET /checkout)
            ├─ payments-api (450ms, POST /api/v1/payments)
            │  ├─ card-validator-svc (380ms, POST /validate)
            │  │  └─ postgres (12ms, SELECT from cards)
            │  └─ fraud-detector (35ms, gRPC Check)
            ├─ inventory-api (180ms, POST /api/v1/reserve)
            │  └─ redis (2ms, SET order:lock:12345)
            └─ email-svc (15ms, Kafka publish to notifications)
            """);
    assertThat(run.exitCode()).isZero();
    assertThat(server.asked()).containsExactly(GET_TRACE + " {\"traceId\":\"abc123def456\"}");
    assertThat(show("--format", "tree").out()).isEqualTo(run.out());
  }

  @Test
  void tree_saysHowToReadTheLogRecords() {
    server.colony("GetTrace", checkout().replaceFirst("\\{", "{\"logRecords\":\"3\","));
    assertThat(show().out())
        .contains(
            "\nLog records: 3 (coral query logs --trace-id abc123def45678900000000000000001)\n\n");
    assertThat(show("--format", "json").out()).contains("\"log_records\": 3");
  }

  @Test
  void ascii_drawsTheTreeWithIt() {
    server.colony("GetTrace", checkout());
    CommandLineRun run =
        CommandLineRun.of(
            "--ascii",
            "query",
            "beyla",
            "traces",
            "--trace-id",
            "abc123",
            "--colony",
            server.address());
    assertThat(run.out())
        .contains("|- payments-api (450ms")
        .contains("|  |  `- postgres")
        .doesNotContain("?");
  }

  @Test
  void unobservedFailedOrphanedAndAmbiguous_areMarked() {
    Answer answer = new Answer();
    answer.span("web", "server", "0.1", "GET /a", 500);
    answer.node(1).addProperty("missingParent", "00f067aa0ba902b7");
    answer.span("web", "client", "0.05", "GET /b", 404);
    answer.node(2);
    answer.span("api", "server", "0.02", "GET /c", 404);
    answer.node(1).addProperty("missingParent", "00f067aa0ba902b7");
    answer.span("cron", "server", "0.01", "GET /d", 0);
    answer.node(1).addProperty("parentAmbiguous", true);
    server.colony("GetTrace", answer.json());
    assertThat(show().out())
        .endsWith(
            """
            Span Tree:
            (parent span 00f067aa0ba902b7 not received)
            ├─ web (100ms, GET /a, ERROR 500)
            │  └─ 10.0.0.9:5432 (50ms, GET /b, ERROR 404)
            └─ api (20ms, GET /c)
            cron (10ms, GET /d) (parent ambiguous)
            """);
  }

  @Test
  void spans_showsBothOfAHop() {
    Answer answer = new Answer().hop(1, "frontend-api", "0.1", "GET /x");
    answer.span("frontend-api", "client", "0.012", "GET /y", 200);
    answer.span("api", "server", "0.010", "GET /y", 200);
    answer.node(2).addProperty("clientSpan", 2);
    answer.hop(3, "db", "0.002", "GET /z");
    answer.span("frontend-api", "client", "0.003", "GET /w", 200);
    answer.node(2);
    server.colony("GetTrace", answer.json());
    assertThat(show("--spans").out())
        .contains("Spans: 4\n")
        .endsWith(
            """
            frontend-api (100ms, GET /x)
            ├─ frontend-api → GET /y (client, 12ms)
            │  └─ api (10ms, GET /y)
            │     └─ db (2ms, GET /z)
            └─ frontend-api → 10.0.0.9:5432 GET /w (client, 3ms)
            """);
  }

  @Test
  void deepAndWide_areDrawnAndCut() {
    Answer deep = new Answer();
    for (int depth = 1; depth <= 10_000; depth++) {
      deep.hop(depth, "web", "1", "GET /");
    }
    server.colony("GetTrace", deep.json());
    assertThat(show().out())
        .contains("[level 101] web (1s, GET /)\n".replace("1s", "1.0s"))
        .endsWith("… 5000 more spans\n");
    JsonObject tree = JsonParser.parseString(show("--format", "json").out()).getAsJsonObject();
    assertThat(tree.get("spans").getAsInt()).isEqualTo(10_000);
    Answer wide = new Answer().hop(1, "web", "1", "GET /");
    for (int i = 0; i < 4_999; i++) {
      wide.hop(2, "web", "1", "GET /");
    }
    server.colony("GetTrace", wide.json());
    assertThat(show().out()).endsWith("└─ web (1.0s, GET /)\n");
  }

  @Test
  void json_nestsTheTree() {
    server.colony("GetTrace", checkout());
    JsonObject json = JsonParser.parseString(show("--format", "json").out()).getAsJsonObject();
    assertThat(json.get("trace_id").getAsString()).isEqualTo(ID);
    assertThat(json.get("duration_ms").getAsDouble()).isEqualTo(1200);
    assertThat(json.getAsJsonArray("services")).hasSize(8);
    JsonObject root = json.getAsJsonArray("tree").get(0).getAsJsonObject();
    assertThat(root.keySet())
        .containsExactly(
            "service",
            "operation",
            "span_id",
            "parent_span_id",
            "kind",
            "start",
            "duration_ms",
            "status",
            "evidence",
            "children");
    assertThat(root.get("start").getAsString()).isEqualTo("2026-01-02T14:59:00.000000001Z");
    assertThat(root.getAsJsonArray("children")).hasSize(3);
    assertThat(show("-o", "json").out()).isEqualTo(show("--format", "json").out());
  }

  @Test
  void otlp_isWhatTheServerSays() {
    JsonObject answer =
        JsonParser.parseString(new Answer().hop(1, "web", "1.5", "GET /x").json())
            .getAsJsonObject();
    answer.addProperty("otlp", "{\"resourceSpans\":[{\"scopeSpans\":[]}]}");
    server.colony("GetTrace", answer.toString());
    assertThat(JsonParser.parseString(show("--format", "otlp").out()))
        .hasToString("{\"resourceSpans\":[{\"scopeSpans\":[]}]}");
    assertThat(server.asked())
        .containsExactly(GET_TRACE + " {\"traceId\":\"abc123def456\",\"otlp\":true}");
  }

  @Test
  void unknownId_exits3InThreeLines() {
    server.refuse(GET_TRACE, 404, "not_found", "no span of this trace is stored");
    CommandLineRun run = show();
    assertThat(run.exitCode()).isEqualTo(ExitCode.NO_DATA);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .isEqualTo(
            """
            coral: no trace 'abc123def456'
              why:  no span of this trace is stored
              next: coral query beyla traces lists the traces
            """);
  }

  @Test
  void ambiguousPrefix_exits2WithTheCandidates() {
    server.refuse(GET_TRACE, 400, "invalid_argument", "begins several traces: abc1, abc2");
    CommandLineRun run = show();
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("begins several traces: abc1, abc2");
  }

  @Test
  void shortOrStrangeId_exits2WithoutAsking() {
    for (String id : new String[] {"abc12", "xyz123", "12-34-5"}) {
      CommandLineRun run = CommandLineRun.of("query", "beyla", "traces", "--trace-id", id);
      assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
      assertThat(run.err()).contains("'" + id + "' (expected: at least 6 hexadecimal digits)");
    }
  }
}
