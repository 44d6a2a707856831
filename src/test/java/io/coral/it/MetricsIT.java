package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.coral.otlp.SpanPayloads;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What was sent is in `/metrics` of agent and colony, by route and status, with exemplars that are
/// found.
final class MetricsIT {
  private static final Pattern EXEMPLAR =
      Pattern.compile(" # \\{trace_id=\"([0-9a-f]{32})\",span_id=\"([0-9a-f]{16})\"} ");

  @TempDir Path directory;

  /// What a payload has of a kind of request: how many, and how many in 100 ms.
  private record Counts(Map<String, Long> all, Map<String, Long> quick) {
    Counts() {
      this(new TreeMap<>(), new TreeMap<>());
    }

    void add(String labels, long durationNanos) {
      all.merge(labels, 1L, Long::sum);
      quick.merge(labels, durationNanos <= 100_000_000 ? 1L : 0L, Long::sum);
    }
  }

  private interface Running {
    void with(CoralProcess agent, int agentPort, int colonyPort, ExportTraceServiceRequest sent)
        throws Exception;
  }

  private void run(Running running) throws Exception {
    int otlp = Host.freePort();
    int agentPort = Host.freePort();
    int colonyPort = Host.freePort();
    try (CoralProcess _ = Otlp.colony(directory, colonyPort, "1s");
        CoralProcess agent = Otlp.agent(directory, agentPort, 0, otlp, colonyPort)) {
      ExportTraceServiceRequest payload =
          new SpanPayloads(5).payload(800, System.currentTimeMillis() * 1_000_000);
      assertThat(Otlp.sendSpans(otlp, payload)).isEqualTo(200);
      // An exporter that did not get the answer sends the same again.
      assertThat(Otlp.sendSpans(otlp, payload)).isEqualTo(200);
      running.with(agent, agentPort, colonyPort, payload);
    }
  }

  @Test
  void histograms_ofAgentAndColony_haveWhatWasSent() throws Exception {
    run(
        (agent, agentPort, colonyPort, sent) -> {
          Counts server = new Counts();
          Counts database = new Counts();
          forEachSpan(
              sent,
              (service, span) -> {
                long nanos = span.getEndTimeUnixNano() - span.getStartTimeUnixNano();
                if (span.getKind() == Span.SpanKind.SPAN_KIND_SERVER) {
                  server.add(http(service, span), nanos);
                } else if (!attribute(span, "db.system.name").isEmpty()) {
                  database.add(sql(service, span), nanos);
                }
              });
          for (int port : List.of(agentPort, colonyPort)) {
            await("all are counted")
                .atMost(Duration.ofSeconds(100))
                .untilAsserted(
                    () -> {
                      String text = new Api(port).metrics();
                      assertSame(text, "http_server_request_duration_seconds", server);
                      assertSame(text, "db_client_operation_duration_seconds", database);
                    });
            assertExemplarsAreFound(new Api(port).metrics(), port, sent);
            assertThat(new Api(port).get("/metrics", "text/plain"))
                .contains("http_server_request_duration_seconds_count{")
                .doesNotContain(" # ")
                .doesNotContain("# EOF");
          }
          assertThat(agent.output()).doesNotContain("ERROR");
        });
  }

  private static void assertSame(String text, String metric, Counts expected) {
    assertThat(samples(text, metric + "_count{", "} ")).isEqualTo(expected.all);
    assertThat(samples(text, metric + "_bucket{", ",le=\"+Inf\"} ")).isEqualTo(expected.all);
    assertThat(samples(text, metric + "_bucket{", ",le=\"0.1\"} ")).isEqualTo(expected.quick);
    assertThat(text).endsWith("# EOF\n");
  }

  /// Values by labels.
  private static Map<String, Long> samples(String text, String prefix, String suffix) {
    Map<String, Long> samples = new TreeMap<>();
    text.lines()
        .filter(line -> line.startsWith(prefix) && line.contains(suffix))
        .forEach(
            line -> {
              int end = line.indexOf(suffix);
              String value = line.substring(end + suffix.length()).split(" ", 2)[0];
              samples.put(line.substring(prefix.length(), end), Long.parseLong(value));
            });
    return samples;
  }

  private static void assertExemplarsAreFound(String text, int port, ExportTraceServiceRequest sent)
      throws IOException {
    Map<String, String> traces = new TreeMap<>();
    forEachSpan(
        sent,
        (_, span) ->
            traces.put(
                HexFormat.of().formatHex(span.getSpanId().toByteArray()),
                HexFormat.of().formatHex(span.getTraceId().toByteArray())));
    List<String> lines = text.lines().filter(line -> line.contains(" # ")).toList();
    assertThat(lines).hasSizeGreaterThan(20).allMatch(line -> EXEMPLAR.matcher(line).find());
    for (String line : lines.subList(0, 20)) {
      Matcher exemplar = EXEMPLAR.matcher(line);
      assertThat(exemplar.find()).isTrue();
      assertThat(traces).containsEntry(exemplar.group(2), exemplar.group(1));
      assertThat(new Api(port).get("/api/traces/" + exemplar.group(1), "*/*"))
          .contains(exemplar.group(2));
    }
  }

  @Test
  void promtool_hasNothingToSay() throws Exception {
    String promtool = Host.program("promtool");
    run(
        (_, agentPort, colonyPort, _) -> {
          for (int port : List.of(agentPort, colonyPort)) {
            await("there is something to check")
                .atMost(Duration.ofSeconds(100))
                .until(() -> new Api(port).get("/metrics", "*/*").contains("_seconds_bucket{"));
            Path text = directory.resolve("metrics");
            Files.writeString(text, new Api(port).get("/metrics", "*/*"));
            Path said = directory.resolve("said");
            Process check =
                new ProcessBuilder(promtool, "check", "metrics")
                    .redirectInput(text.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(said.toFile())
                    .start();
            assertThat(check.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(Files.readString(said)).isEmpty();
            assertThat(check.exitValue()).isZero();
          }
        });
  }

  private static void forEachSpan(
      ExportTraceServiceRequest payload, BiConsumer<String, Span> consumer) {
    payload
        .getResourceSpansList()
        .forEach(
            resource -> {
              String service = value(resource.getResource().getAttributesList(), "service.name");
              resource
                  .getScopeSpansList()
                  .forEach(
                      scope ->
                          scope.getSpansList().forEach(span -> consumer.accept(service, span)));
            });
  }

  private static String http(String service, Span span) {
    String status = attribute(span, "http.response.status_code");
    return "service_name=\"%s\",http_request_method=\"%s\",http_route=\"%s\",http_response_status_code=\"%s\""
            .formatted(
                service,
                attribute(span, "http.request.method"),
                attribute(span, "http.route"),
                status)
        + (status.startsWith("5") ? ",error_type=\"" + status + "\"" : "");
  }

  private static String sql(String service, Span span) {
    return "service_name=\"%s\",db_system_name=\"postgresql\",db_operation_name=\"%s\",db_collection_name=\"%s\""
        .formatted(
            service, attribute(span, "db.operation.name"), attribute(span, "db.collection.name"));
  }

  private static String attribute(Span span, String key) {
    return value(span.getAttributesList(), key);
  }

  private static String value(List<KeyValue> attributes, String key) {
    return attributes.stream()
        .filter(each -> each.getKey().equals(key))
        .findFirst()
        .map(
            each ->
                each.getValue().hasIntValue()
                    ? "" + each.getValue().getIntValue()
                    : each.getValue().getStringValue())
        .orElse("");
  }
}
