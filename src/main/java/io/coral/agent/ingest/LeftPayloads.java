package io.coral.agent.ingest;

import io.coral.bus.PayloadRows;
import io.coral.config.SpanFilterConfig;
import io.coral.model.ColumnBatch;
import io.coral.model.Payload;
import io.coral.otlp.DecodedItems;
import io.coral.otlp.LogDecoder;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.MetricDecoder;
import io.coral.otlp.Signal;
import io.coral.otlp.SpanDecoder;
import java.time.Clock;
import java.util.List;

/// The rows of payloads that were taken before the agent was killed. Their requests are not counted
/// again.
public final class LeftPayloads implements PayloadRows {
  private final SpanFilterConfig filter;
  private final SpanDecoder spans;
  private final MetricDecoder metrics;
  private final LogDecoder logs;

  public LeftPayloads(SpanFilterConfig filter, Clock clock) {
    this.filter = filter;
    this.spans = new SpanDecoder(clock);
    this.metrics = new MetricDecoder(clock);
    this.logs = new LogDecoder(clock);
  }

  @Override
  public List<ColumnBatch> of(Payload payload) {
    try {
      return List.of(decoded(payload).batch());
    } catch (MalformedPayloadException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private DecodedItems decoded(Payload payload) throws MalformedPayloadException {
    byte[] bytes = payload.bytes();
    int from = payload.from();
    int to = payload.to();
    return switch (Signal.values()[payload.signal()]) {
      case TRACES ->
          spans.decode(
              bytes,
              from,
              to,
              (facts, texts) ->
                  SpanIntake.isKept(facts, filter)
                      || BeylaOrigin.isBeyla(texts.text(facts.resource), texts.text(facts.scope)));
      case METRICS -> metrics.decode(bytes, from, to);
      case LOGS -> logs.decode(bytes, from, to);
    };
  }
}
