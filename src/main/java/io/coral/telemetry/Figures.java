package io.coral.telemetry;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// The counters and gauges of one role in one process. Safe on any thread.
///
/// Names follow OpenMetrics: `coral_` prefix, unit, `_total` for counters; a label may follow in
/// braces. A loss is a counter named `coral_dropped_total{reason="…"}`: silence means zero.
public final class Figures {
  private final Map<String, LongAdder> counters = new ConcurrentHashMap<>();
  private final Map<String, LongSupplier> gauges = new ConcurrentHashMap<>();

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

  /// All figures by name.
  public Map<String, Long> all() {
    Map<String, Long> all = new TreeMap<>();
    counters.forEach((name, adder) -> all.put(name, adder.sum()));
    gauges.forEach((name, value) -> all.put(name, value.getAsLong()));
    return all;
  }

  /// OpenMetrics 1.0 text, ending in `# EOF`.
  public String openMetrics() {
    StringBuilder text = new StringBuilder(2048);
    String family = "";
    for (Map.Entry<String, Long> figure : all().entrySet()) {
      String name = figure.getKey();
      int brace = name.indexOf('{');
      String bare = brace < 0 ? name : name.substring(0, brace);
      boolean counter = bare.endsWith("_total");
      String itsFamily = counter ? bare.substring(0, bare.length() - "_total".length()) : bare;
      if (!itsFamily.equals(family)) {
        family = itsFamily;
        text.append("# TYPE ").append(family).append(counter ? " counter\n" : " gauge\n");
      }
      text.append(name).append(' ').append(figure.getValue()).append('\n');
    }
    return text.append("# EOF\n").toString();
  }
}
