package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.demo.CountKey;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Requests served, as an agent or a colony counted them, by service, method, route and status.
final class MetricCounts {
  /// Rows carry the start of their window, which may lie before the first request.
  private static final long LONGEST_WINDOW_SECONDS = 60;

  private final ConnectClient client;
  private final List<String> services;
  private final Instant since;

  MetricCounts(ConnectClient client, List<String> services, Instant since) {
    this.client = client;
    this.services = List.copyOf(services);
    this.since = since;
  }

  Map<CountKey, Long> read() {
    JsonObject request = new JsonObject();
    request.addProperty(
        "startTime", Long.toString(since.getEpochSecond() - LONGEST_WINDOW_SECONDS));
    JsonArray names = new JsonArray();
    services.forEach(names::add);
    request.add("serviceNames", names);
    JsonArray types = new JsonArray();
    types.add("BEYLA_METRIC_TYPE_HTTP");
    request.add("metricTypes", types);
    Map<CountKey, Long> counts = new TreeMap<>();
    for (ProtoMessage row : client.ask("QueryBeylaMetrics", request).messages("httpMetrics")) {
      if (!"client".equals(row.textMap("attributes").get("role"))) {
        CountKey key =
            new CountKey(
                row.text("serviceName"),
                row.text("httpMethod"),
                row.text("httpRoute"),
                (int) row.number("httpStatusCode"));
        counts.merge(key, row.number("requestCount"), Long::sum);
      }
    }
    return counts;
  }

  /// What came since `before` was read.
  static Map<CountKey, Long> since(Map<CountKey, Long> before, Map<CountKey, Long> now) {
    Map<CountKey, Long> counts = new TreeMap<>();
    now.forEach(
        (key, count) -> {
          long added = count - before.getOrDefault(key, 0L);
          if (added != 0) {
            counts.put(key, added);
          }
        });
    return counts;
  }
}
