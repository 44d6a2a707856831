package io.coral.answer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.Role;
import io.coral.storage.RedQueries;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// The API of Jaeger's Monitor tab, `/api/metrics/…`: what services answered over time, in the
/// words of its metrics storage. From the windows in which requests were counted, so sampling does
/// not change it. Blocks; any thread but an event loop.
final class JaegerMetrics {
  private static final long MILLI = 1_000_000;
  private static final long DEFAULT_RATE_PER_NANOS = 600_000_000_000L;
  private static final double DEFAULT_QUANTILE = 0.95;
  private static final int MOST_STEPS = 11_000;

  private final RedQueries requests;

  JaegerMetrics(RedQueries requests) {
    this.requests = requests;
  }

  /// Of `/api/metrics/minstep`, in milliseconds.
  static JsonObject leastStep() {
    JsonObject json = JaegerJson.envelope(new JsonArray(), 0);
    json.addProperty("data", RedQueries.WINDOW_NANOS / MILLI);
    return json;
  }

  /// Calls per second.
  JsonObject calls(JaegerParameters parameters, long nowNanos) {
    Asked asked = new Asked(parameters, nowNanos);
    double seconds = asked.question.stepNanos() / 1e9;
    return family(
        asked,
        "call_rate",
        "calls/sec",
        requests.counts(asked.question),
        counts -> counts.calls() / seconds);
  }

  /// The share of the calls that failed, 0 to 1.
  JsonObject errors(JaegerParameters parameters, long nowNanos) {
    Asked asked = new Asked(parameters, nowNanos);
    return family(
        asked,
        "error_rate",
        "error rate, computed as a fraction of errors/sec over calls/sec",
        requests.counts(asked.question),
        counts -> (double) counts.errors() / counts.calls());
  }

  /// A quantile of the durations, in milliseconds.
  JsonObject latencies(JaegerParameters parameters, long nowNanos) {
    Asked asked = new Asked(parameters, nowNanos);
    double quantile = quantile(parameters.text("quantile"));
    return family(
        asked,
        "latencies",
        quantile + "th quantile latency",
        requests.durations(asked.question),
        (LatencyHistogram histogram) -> histogram.quantileNanos(quantile) / MILLI);
  }

  private static double quantile(String text) {
    try {
      double quantile = text.isEmpty() ? DEFAULT_QUANTILE : Double.parseDouble(text);
      if (quantile > 0 && quantile <= 1) {
        return quantile;
      }
    } catch (NumberFormatException e) {
      // As below.
    }
    throw new IllegalArgumentException("quantile: \"" + text + "\" (expected: above 0, up to 1)");
  }

  /// What every one of the three asks for. `ratePer` is read and checked: rates here are those of
  /// each step, not of a window that slides over it.
  private static final class Asked {
    final RedQueries.Question question;

    Asked(JaegerParameters parameters, long nowNanos) {
      List<String> services = parameters.all("service").stream().filter(s -> !s.isBlank()).toList();
      if (services.isEmpty()) {
        throw new IllegalArgumentException("service: missing (expected: the name of a service)");
      }
      long until = parameters.millis("endTs", nowNanos);
      long lookback = parameters.millis("lookback", JaegerParameters.HOUR_NANOS);
      long step = Math.max(RedQueries.WINDOW_NANOS, parameters.millis("step", 0));
      parameters.millis("ratePer", DEFAULT_RATE_PER_NANOS);
      if (lookback / step > MOST_STEPS) {
        throw new IllegalArgumentException(
            "step: too short for this lookback (expected: at most " + MOST_STEPS + " steps)");
      }
      List<Role> roles = parameters.roles("spanKind");
      question =
          new RedQueries.Question(
              services,
              roles.isEmpty() ? List.of(Role.SERVER) : roles,
              Math.max(0, until - lookback),
              until,
              step / RedQueries.WINDOW_NANOS * RedQueries.WINDOW_NANOS,
              parameters.text("groupByOperation").toLowerCase(Locale.ROOT).equals("true"));
    }
  }

  private static <T> JsonObject family(
      Asked asked,
      String name,
      String help,
      Map<RedQueries.Series, Map<Long, T>> found,
      ToDoubleFunction<T> figure) {
    boolean byOperation = asked.question.byOperation();
    JsonArray metrics = new JsonArray();
    found.forEach(
        (series, steps) -> {
          JsonArray labels = new JsonArray();
          if (byOperation) {
            labels.add(label("operation", series.operation()));
          }
          labels.add(label("service_name", series.service()));
          JsonArray points = new JsonArray();
          steps.forEach((step, counts) -> points.add(point(step, figure.applyAsDouble(counts))));
          JsonObject metric = new JsonObject();
          metric.add("labels", labels);
          metric.add("metricPoints", points);
          metrics.add(metric);
        });
    JsonObject family = new JsonObject();
    family.addProperty("name", (byOperation ? "service_operation_" : "service_") + name);
    family.addProperty("type", "GAUGE");
    family.addProperty("help", help + ", grouped by service" + (byOperation ? " & operation" : ""));
    family.add("metrics", metrics);
    return family;
  }

  private static JsonObject label(String name, String value) {
    JsonObject label = new JsonObject();
    label.addProperty("name", name);
    label.addProperty("value", value);
    return label;
  }

  private static JsonObject point(long unixNanos, double value) {
    JsonObject gauge = new JsonObject();
    gauge.addProperty("doubleValue", value);
    JsonObject point = new JsonObject();
    point.add("gaugeValue", gauge);
    point.addProperty("timestamp", Instant.ofEpochSecond(0, unixNanos).toString());
    return point;
  }
}
