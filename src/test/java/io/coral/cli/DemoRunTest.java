package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.coral.demo.CountKey;
import io.coral.demo.DemoPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The whole demo with real services and load; agent and colony are answers made from a list of
/// counts.
final class DemoRunTest {
  private static final int REQUESTS = 53;

  private final FakeServer server = new FakeServer();
  private final List<StartOptions> started = new ArrayList<>();

  @AfterEach
  void stop() {
    server.close();
  }

  private CommandLineRun demo(Map<CountKey, Long> counted, String... more) {
    server
        .colony("QueryHttp", "{}")
        .colony("GetTrace", "{\"traceId\":\"4bf9\"}")
        .sequence("/coral.colony.v1.ColonyService/QueryBeylaMetrics", "{}", metrics(counted))
        .sequence("/coral.agent.v1.AgentService/QueryBeylaMetrics", "{}", metrics(counted));
    List<String> args =
        new ArrayList<>(List.of("demo", "--once", "--requests", Integer.toString(REQUESTS)));
    args.addAll(List.of(more));
    return CommandLineRun.with(this::start, List::of, args.toArray(String[]::new));
  }

  private Servers.Running start(Servers.Role role, StartOptions options) {
    assertThat(role).isEqualTo(Servers.Role.UP);
    started.add(options);
    JsonArray processes = new JsonArray();
    for (String selector : options.observe()) {
      JsonObject process = new JsonObject();
      process.addProperty("pid", Integer.parseInt(selector.replaceAll(".*pid:", "")));
      processes.add(process);
    }
    server.agent(
        "GetStatus",
        "{\"capabilities\":{\"supported\":true,\"tier\":\"T1\"},\"processes\":" + processes + "}");
    return CoralCommandTest.running("http://" + server.address(), "http://" + server.address());
  }

  private static String metrics(Map<CountKey, Long> counts) {
    JsonArray rows = new JsonArray();
    counts.forEach(
        (key, count) -> {
          JsonObject row = new JsonObject();
          row.addProperty("serviceName", key.service());
          row.addProperty("httpMethod", key.method());
          row.addProperty("httpRoute", key.route());
          row.addProperty("httpStatusCode", key.status());
          row.addProperty("requestCount", Long.toString(count));
          rows.add(row);
          JsonObject asClient = row.deepCopy();
          asClient.add("attributes", JsonParser.parseString("{\"role\":\"client\"}"));
          rows.add(asClient);
        });
    return "{\"httpMetrics\":" + rows + ",\"traceSpans\":" + spans() + "}";
  }

  /// The spans of the whole plan: its shapes, read back.
  private static JsonArray spans() {
    JsonArray spans = new JsonArray();
    DemoPlan.shapes(0, REQUESTS)
        .forEach(
            (shape, count) -> {
              for (int i = 0; i < count; i++) {
                addSpans(shape, "trace-" + spans.size(), "", spans);
              }
            });
    return spans;
  }

  /// @param text `service METHOD route status`, perhaps with `[shape, shape…]` behind it
  private static void addSpans(String text, String trace, String parent, JsonArray spans) {
    int open = text.indexOf(" [");
    String[] call = (open < 0 ? text : text.substring(0, open)).split(" ", -1);
    JsonObject span = new JsonObject();
    String id = "span-" + spans.size();
    span.addProperty("traceId", trace);
    span.addProperty("spanId", id);
    span.addProperty("parentSpanId", parent);
    span.addProperty("serviceName", call[0]);
    span.addProperty("spanKind", "server");
    span.addProperty("startTime", "2026-01-01T00:00:00." + (1_000_000 + spans.size()) + "Z");
    span.addProperty("statusCode", Integer.parseInt(call[3]));
    JsonObject attributes = new JsonObject();
    attributes.addProperty("http.request.method", call[1]);
    attributes.addProperty("http.route", call[2]);
    span.add("attributes", attributes);
    spans.add(span);
    if (open < 0) {
      return;
    }
    String inner = text.substring(open + 2, text.length() - 1);
    int depth = 0;
    int begin = 0;
    for (int at = 0; at <= inner.length(); at++) {
      char c = at == inner.length() ? ',' : inner.charAt(at);
      depth += c == '[' ? 1 : c == ']' ? -1 : 0;
      if (c == ',' && depth == 0) {
        addSpans(inner.substring(begin, at), trace, id, spans);
        begin = at + 2;
      }
    }
  }

  @Test
  void once_whenAllIsCounted_exits0AndLeavesNothing() {
    CommandLineRun run = demo(DemoPlan.counts(0, REQUESTS));
    assertThat(run.out()).startsWith("sent=53 counted=53\n").contains("✓ every count is right");
    assertThat(run.exitCode()).isZero();
    StartOptions options = started.getFirst();
    assertThat(options.observe())
        .hasSize(4)
        .anyMatch(selector -> selector.matches("frontend-api=pid:\\d+"));
    Path data = options.data();
    assertThat(data).isNotNull();
    assertThat(Files.exists(data)).isFalse();
    for (String selector : options.observe()) {
      long pid = Long.parseLong(selector.replaceAll(".*pid:", ""));
      assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();
    }
  }

  @Test
  void once_asJson_isOneDocument() {
    CommandLineRun run = demo(DemoPlan.counts(0, REQUESTS), "-o", "json");
    JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
    assertThat(json.get("sent").getAsInt()).isEqualTo(REQUESTS);
    assertThat(json.get("counted").getAsInt()).isEqualTo(REQUESTS);
    assertThat(json.getAsJsonObject("services").keySet())
        .containsExactlyInAnyOrderElementsOf(DemoPlan.SERVICES);
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void once_whenOneStatusIsWrong_exits1AndNamesIt() {
    Map<CountKey, Long> counted = new TreeMap<>(DemoPlan.counts(0, REQUESTS));
    counted.merge(new CountKey("frontend-api", "GET", "/search", 200), -1L, Long::sum);
    counted.merge(new CountKey("frontend-api", "GET", "/search", 0), 1L, Long::sum);
    CommandLineRun run = demo(counted);
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.out())
        .startsWith("sent=53 counted=53\n")
        .contains("Not as sent, counted by the colony")
        .contains("frontend-api | GET    | /search | 0      | 0        | 1");
  }
}
