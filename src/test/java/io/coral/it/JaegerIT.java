package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an agent has acknowledged is read in Jaeger's words at once, at the agent and at a colony
/// that has not pulled it.
final class JaegerIT {
  @TempDir Path directory;

  @Test
  void trace_whenItIsAcknowledged_isFoundAtAgentAndColony() throws Exception {
    int otlp = Host.freePort();
    int agentPort = Host.freePort();
    int colonyPort = Host.freePort();
    // So that nothing is pulled while the test looks, unless it is told to.
    try (CoralProcess colony = Otlp.colony(directory, colonyPort, "5m");
        CoralProcess agent = Otlp.agent(directory, agentPort, 0, otlp, colonyPort)) {
      await("the agent is known")
          .atMost(Duration.ofSeconds(100))
          .until(() -> colony.api().colony("ListAgents", new JsonObject()).has("agents"));
      // Long ago: no time range may matter to an id.
      long longAgo = System.currentTimeMillis() * 1_000_000 - 400L * 86_400 * 1_000_000_000;
      ExportTraceServiceRequest payload = new SpanPayloads(11).payload(300, longAgo);
      assertThat(Otlp.sendSpans(otlp, payload)).isEqualTo(200);
      Map<String, Set<String>> sent = spans(payload);
      for (Map.Entry<String, Set<String>> trace : sent.entrySet()) {
        String path = "/api/traces/" + trace.getKey();
        JsonObject here = get(agentPort, path);
        assertThat(ids(here)).isEqualTo(trace.getValue());
        assertThat(get(colonyPort, path)).isEqualTo(here);
        String v3 = "/api/v3/traces/" + trace.getKey();
        assertThat(get(colonyPort, v3)).isEqualTo(get(agentPort, v3));
      }
      assertThat(get(agentPort, "/api/services").getAsJsonArray("data")).isNotEmpty();
      assertThat(get(colonyPort, "/api/traces/abcdef").getAsJsonArray("errors")).hasSize(1);
      JsonObject request = new JsonObject();
      request.addProperty("traceId", sent.keySet().iterator().next());
      assertThat(colony.api().colony("GetTrace", request).getAsJsonArray("spans"))
          .isEqualTo(agent.api().agent("GetTrace", request).getAsJsonArray("spans"));
    }
  }

  @Test
  void calls_areCountedWithinAHostAndBetweenHosts() throws Exception {
    int colonyPort = Host.freePort();
    List<Integer> otlp = List.of(Host.freePort(), Host.freePort());
    List<Integer> ports = List.of(Host.freePort(), Host.freePort());
    Path first = Files.createDirectory(directory.resolve("first"));
    Path second = Files.createDirectory(directory.resolve("second"));
    try (CoralProcess colony = Otlp.colony(directory, colonyPort, "1s");
        CoralProcess one = Otlp.agent(first, ports.get(0), 0, otlp.get(0), colonyPort);
        CoralProcess other = Otlp.agent(second, ports.get(1), 0, otlp.get(1), colonyPort)) {
      await("the agents are known")
          .atMost(Duration.ofSeconds(100))
          .untilAsserted(
              () ->
                  assertThat(
                          colony
                              .api()
                              .colony("ListAgents", new JsonObject())
                              .getAsJsonArray("agents"))
                      .hasSize(2));
      long now = System.currentTimeMillis() * 1_000_000;
      ExportTraceServiceRequest payload = new SpanPayloads(12).payload(3_000, now);
      // The services of one host, and those of another.
      for (int host = 0; host < 2; host++) {
        ExportTraceServiceRequest.Builder part = ExportTraceServiceRequest.newBuilder();
        for (ResourceSpans resource : payload.getResourceSpansList()) {
          if ((service(resource).hashCode() & 1) == host) {
            part.addResourceSpans(resource);
          }
        }
        assertThat(Otlp.sendSpans(otlp.get(host), part.build())).isEqualTo(200);
      }
      Map<String, Long> expected = calls(payload);
      assertThat(expected).isNotEmpty();
      await("every call is counted")
          .atMost(Duration.ofSeconds(150))
          .untilAsserted(() -> assertThat(dependencies(colonyPort)).isEqualTo(expected));
      Map<String, Long> ofOneHost = dependencies(ports.get(0));
      ofOneHost.forEach((pair, calls) -> assertThat(expected).containsEntry(pair, calls));
      assertThat(ofOneHost.size()).isLessThan(expected.size());
      for (CoralProcess agent : List.of(one, other)) {
        assertThat(agent.api().agent("ListStreams", new JsonObject()).has("streams")).isTrue();
      }
    }
  }

  private static String service(ResourceSpans resource) {
    return resource.getResource().getAttributesList().stream()
        .filter(attribute -> attribute.getKey().equals("service.name"))
        .map(attribute -> attribute.getValue().getStringValue())
        .findFirst()
        .orElseThrow();
  }

  /// Served spans whose parent is of another service.
  private static Map<String, Long> calls(ExportTraceServiceRequest payload) {
    Map<String, String> services = new TreeMap<>();
    for (ResourceSpans resource : payload.getResourceSpansList()) {
      resource.getScopeSpansList().stream()
          .flatMap(scope -> scope.getSpansList().stream())
          .forEach(
              span ->
                  services.put(hex(span.getTraceId()) + hex(span.getSpanId()), service(resource)));
    }
    Map<String, Long> calls = new TreeMap<>();
    for (ResourceSpans resource : payload.getResourceSpansList()) {
      resource.getScopeSpansList().stream()
          .flatMap(scope -> scope.getSpansList().stream())
          .filter(
              span ->
                  span.getKind() == Span.SpanKind.SPAN_KIND_SERVER
                      || span.getKind() == Span.SpanKind.SPAN_KIND_CONSUMER)
          .forEach(
              span -> {
                String caller = services.get(hex(span.getTraceId()) + hex(span.getParentSpanId()));
                if (caller != null && !caller.equals(service(resource))) {
                  calls.merge(caller + " > " + service(resource), 1L, Long::sum);
                }
              });
    }
    return calls;
  }

  private static Map<String, Long> dependencies(int port) throws IOException {
    Map<String, Long> calls = new TreeMap<>();
    for (JsonElement each : get(port, "/api/dependencies").getAsJsonArray("data")) {
      JsonObject edge = each.getAsJsonObject();
      calls.put(
          edge.get("parent").getAsString() + " > " + edge.get("child").getAsString(),
          edge.get("callCount").getAsLong());
    }
    return calls;
  }

  private static Map<String, Set<String>> spans(ExportTraceServiceRequest payload) {
    Map<String, Set<String>> spans = new TreeMap<>();
    payload.getResourceSpansList().stream()
        .flatMap(resource -> resource.getScopeSpansList().stream())
        .flatMap(scope -> scope.getSpansList().stream())
        .forEach(span -> add(spans, span));
    return spans;
  }

  private static void add(Map<String, Set<String>> spans, Span span) {
    spans.computeIfAbsent(hex(span.getTraceId()), _ -> new TreeSet<>()).add(hex(span.getSpanId()));
  }

  private static Set<String> ids(JsonObject answer) {
    Set<String> ids = new TreeSet<>();
    JsonArray data = answer.getAsJsonArray("data");
    for (JsonElement span : data.get(0).getAsJsonObject().getAsJsonArray("spans")) {
      ids.add(span.getAsJsonObject().get("spanID").getAsString());
    }
    return ids;
  }

  private static String hex(ByteString id) {
    return HexFormat.of().formatHex(id.toByteArray());
  }

  private static HttpURLConnection open(int port, String path) throws IOException {
    return (HttpURLConnection)
        URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
  }

  private static JsonObject get(int port, String path) throws IOException {
    HttpURLConnection connection = open(port, path);
    try (var in =
        connection.getResponseCode() == 200
            ? connection.getInputStream()
            : connection.getErrorStream()) {
      return JsonParser.parseString(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .getAsJsonObject();
    }
  }
}
