package io.coral.telemetry;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/// The counters and gauges of one role in one process. Safe on any thread.
///
/// Names follow OpenMetrics: `coral_` prefix, unit, `_total` for counters; a label may follow in
/// braces. A loss is a counter named `coral_dropped_total{reason="…"}`: silence means zero. What
/// each name means is in the resource `figures.properties`.
public final class Figures {
  private final Map<String, LongAdder> counters = new ConcurrentHashMap<>();
  private final Map<String, LongSupplier> gauges = new ConcurrentHashMap<>();
  private final Map<String, DoubleSupplier> fractions = new ConcurrentHashMap<>();

  /// The counter of this name, made at the first call. Keep it; the look-up is not free.
  public LongAdder counter(String name) {
    return counters.computeIfAbsent(name, _ -> new LongAdder());
  }

  /// Counts a loss.
  public LongAdder dropped(String reason) {
    return counter("coral_dropped_total{reason=\"" + reason + "\"}");
  }

  /// Registers a figure that is read when it is asked for; a name ending in `_total` is a counter.
  public void gauge(String name, LongSupplier value) {
    gauges.put(name, value);
  }

  /// The same for a figure that is no whole number; in `/metrics` alone.
  public void fraction(String name, DoubleSupplier value) {
    fractions.put(name, value);
  }

  /// All figures that are whole numbers, by name.
  public Map<String, Long> all() {
    Map<String, Long> all = new TreeMap<>();
    counters.forEach((name, adder) -> all.put(name, adder.sum()));
    gauges.forEach((name, value) -> all.put(name, value.getAsLong()));
    return all;
  }

  void write(MetricText text) {
    Map<String, String> values = new TreeMap<>();
    all().forEach((name, value) -> values.put(name, Long.toString(value)));
    fractions.forEach((name, value) -> values.put(name, Double.toString(value.getAsDouble())));
    Properties help = help();
    String family = "";
    for (Map.Entry<String, String> figure : values.entrySet()) {
      String name = figure.getKey();
      int brace = name.indexOf('{');
      String bare = brace < 0 ? name : name.substring(0, brace);
      if (!bare.equals(family)) {
        family = bare;
        text.family(
            bare, bare.endsWith("_total") ? "counter" : "gauge", help.getProperty(bare, ""));
      }
      text.add(name).add(" ").add(figure.getValue()).add("\n");
    }
  }

  private static Properties help() {
    Properties help = new Properties();
    try (InputStream in = Figures.class.getResourceAsStream("figures.properties")) {
      help.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return help;
  }
}
