package io.coral.agent.exchange;

import io.coral.bus.Topics;
import io.coral.model.CapturedBatch;
import io.coral.model.Exchange;
import io.coral.model.ExchangeBatch;
import io.coral.model.ProcessDirectory;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/// Event loop. Tells the directory how much each process was seen to do.
public final class ExchangeVerticle extends VerticleBase {
  private static final long CLOCK_CHECK_MILLIS = 10_000;

  private final Topics topics;
  private final ProcessDirectory processes;
  private final ExchangeAssembler assembler;
  private final LongAdder shed;
  private final WallClock wallClock;

  /// @param withHeaders whether the values of headers are kept
  public ExchangeVerticle(
      Topics topics,
      ProcessDirectory processes,
      Figures figures,
      Clock clock,
      boolean withHeaders) {
    this.topics = topics;
    this.processes = processes;
    this.wallClock = new WallClock(clock, System::nanoTime);
    this.assembler = new ExchangeAssembler(wallClock, figures, withHeaders);
    this.shed = figures.dropped("aggregate_behind");
    figures.gauge("coral_open_message_connections", assembler::connections);
  }

  @Override
  public Future<?> start() {
    topics.captured().listen(this::take);
    vertx.setPeriodic(CLOCK_CHECK_MILLIS, _ -> wallClock.adjust());
    return Future.succeededFuture();
  }

  private void take(CapturedBatch batch) {
    List<Exchange> exchanges = assembler.assemble(batch);
    if (exchanges.isEmpty()) {
      return;
    }
    Map<Integer, long[]> perProcess = new HashMap<>();
    for (Exchange exchange : exchanges) {
      long[] counted = perProcess.computeIfAbsent(exchange.processId(), _ -> new long[2]);
      counted[0]++;
      counted[1] = Math.max(counted[1], exchange.endUnixNanos());
    }
    perProcess.forEach((pid, counted) -> processes.counted(pid, counted[0], counted[1]));
    if (!topics.exchanges().publish(new ExchangeBatch(exchanges))) {
      shed.add(exchanges.size());
    }
  }
}
