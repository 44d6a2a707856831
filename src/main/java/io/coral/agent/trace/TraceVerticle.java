package io.coral.agent.trace;

import com.google.gson.Gson;
import io.coral.bus.Topics;
import io.coral.config.AgentConfig;
import io.coral.model.ColumnBatch;
import io.coral.model.ProcessDirectory;
import io.coral.model.RoutedBatch;
import io.coral.model.RoutedExchange;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// Event loop. Decides and writes four times a second.
public final class TraceVerticle extends VerticleBase {
  private static final int MAX_SPANS_PER_SECOND = 2000;
  private static final long ADVANCE_MILLIS = 250;
  private static final long FORGIVE_NANOS = 60_000_000_000L;

  private final Topics topics;
  private final SpanRows spans;
  private final TraceAssembler assembler;
  private final LongSupplier lostRecords;
  private final LongAdder shed;
  private final long callsMillis;
  private long lostBefore;
  private long lossSeenNanos = System.nanoTime() - FORGIVE_NANOS;

  /// @param lostRecords exchanges that the kernel side began and could not hand over, since it
  ///     started
  public TraceVerticle(
      Topics topics,
      ProcessDirectory processes,
      Figures figures,
      AgentConfig config,
      LongSupplier lostRecords) {
    this.topics = topics;
    this.lostRecords = lostRecords;
    this.callsMillis = config.flushInterval().toMillis();
    this.spans =
        new SpanRows(
            config.beyla().samplingRate(),
            MAX_SPANS_PER_SECOND,
            new Gson().toJson(new TreeMap<>(config.beyla().attributes())),
            figures.counter("coral_spans_sampled_out_total"),
            figures.counter("coral_spans_over_cap_total"));
    this.assembler = new TraceAssembler(processes, spans, new SplittableRandom(), figures);
    this.shed = figures.dropped("storage_behind");
    figures.gauge("coral_trace_exchanges_held", assembler::size);
  }

  @Override
  public Future<?> start() {
    topics.routed().listen(this::take);
    vertx.setPeriodic(ADVANCE_MILLIS, _ -> advance());
    vertx.setPeriodic(callsMillis, _ -> publish(assembler.flushCalls()));
    return Future.succeededFuture();
  }

  private void take(RoutedBatch batch) {
    long now = System.nanoTime();
    for (RoutedExchange routed : batch.exchanges()) {
      assembler.add(routed, now);
    }
  }

  private void advance() {
    long now = System.nanoTime();
    long lost = lostRecords.getAsLong();
    if (lost != lostBefore) {
      // Not at once: what is missing of this loss is missing only from the next request on.
      lossSeenNanos = now;
      lostBefore = lost;
    }
    if (now - lossSeenNanos < FORGIVE_NANOS) {
      assembler.recordsWereLost(now);
    }
    assembler.advance(now);
    flush();
  }

  private void flush() {
    publish(spans.flush());
    publish(assembler.flushAliases());
  }

  private void publish(ColumnBatch batch) {
    if (batch.rows() > 0 && !topics.rows().publish(batch)) {
      shed.add(batch.rows());
    }
  }

  @Override
  public Future<?> stop() {
    assembler.finish();
    flush();
    publish(assembler.flushCalls());
    return Future.succeededFuture();
  }
}
