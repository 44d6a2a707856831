package io.coral.agent.ingest;

import io.coral.otlp.Signal;
import io.coral.telemetry.Figures;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Counts what the receivers take and refuse. A counter appears with its first event.
final class IngestFigures {
  private final Figures figures;
  private final @Nullable LongAdder[][][] requests =
      new @Nullable
          LongAdder[Signal.values().length][Transport.values().length]
          [Verdict.Outcome.values().length];
  private final LongAdder[][] bytes =
      new LongAdder[Signal.values().length][Transport.values().length];
  private final LongAdder[] rejected = new LongAdder[Signal.values().length];

  /// How a request came.
  enum Transport {
    GRPC,
    HTTP_PROTOBUF,
    HTTP_JSON;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  IngestFigures(Figures figures) {
    this.figures = figures;
    for (Signal signal : Signal.values()) {
      String label = "{signal=\"" + signal.label() + "\"";
      rejected[signal.ordinal()] = figures.counter("coral_otlp_rejected_items_total" + label + "}");
      for (Transport transport : Transport.values()) {
        bytes[signal.ordinal()][transport.ordinal()] =
            figures.counter(
                "coral_otlp_received_bytes_total"
                    + label
                    + ",transport=\""
                    + transport.label()
                    + "\"}");
      }
    }
  }

  /// Counts a request that has its verdict.
  ///
  /// @param receivedBytes of the body, as they came over the wire
  void count(Signal signal, Transport transport, Verdict verdict, long receivedBytes) {
    @Nullable LongAdder[] counters = requests[signal.ordinal()][transport.ordinal()];
    LongAdder counter = counters[verdict.outcome().ordinal()];
    if (counter == null) {
      counter =
          figures.counter(
              "coral_otlp_requests_total{signal=\""
                  + signal.label()
                  + "\",transport=\""
                  + transport.label()
                  + "\",outcome=\""
                  + verdict.outcome().name().toLowerCase(Locale.ROOT)
                  + "\"}");
      counters[verdict.outcome().ordinal()] = counter;
    }
    counter.increment();
    bytes[signal.ordinal()][transport.ordinal()].add(receivedBytes);
    rejected[signal.ordinal()].add(verdict.rejectedItems());
  }

  /// Counts a request that never became one of a signal.
  void countUnknown(Verdict.Outcome outcome) {
    figures
        .counter(
            "coral_otlp_unknown_requests_total{outcome=\""
                + outcome.name().toLowerCase(Locale.ROOT)
                + "\"}")
        .increment();
  }

  /// Counts a connection that was closed for its behaviour.
  void countClosed(String reason) {
    figures.counter("coral_otlp_closed_connections_total{reason=\"" + reason + "\"}").increment();
  }
}
