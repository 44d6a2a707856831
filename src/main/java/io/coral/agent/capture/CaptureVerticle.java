package io.coral.agent.capture;

import io.coral.agent.kernel.EventListener;
import io.coral.agent.kernel.KernelCounter;
import io.coral.agent.kernel.KernelException;
import io.coral.agent.kernel.KernelSession;
import io.coral.agent.kernel.KernelSupport;
import io.coral.agent.kernel.KernelTier;
import io.coral.bus.Targets;
import io.coral.bus.Topics;
import io.coral.model.ProcessDirectory;
import io.coral.model.TargetChange;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop for its life cycle; the work is done on the platform thread of a [CaptureLoop].
public final class CaptureVerticle extends VerticleBase implements Targets {
  private static final Logger LOG = LoggerFactory.getLogger(CaptureVerticle.class);
  private static final int MIN_RING_BYTES = 8 << 20;
  private static final int BYTES_PER_RECORD = 128;

  private final Topics topics;
  private final ProcessDirectory processes;
  private final Figures figures;
  private final KernelSupport support;
  private final Path nativeDirectory;
  private final String offReason;
  private final int ringRecords;
  private final int maxConnections;
  private volatile CaptureState state = new CaptureState("off", "", "not started");
  private volatile Optional<CaptureLoop> loop = Optional.empty();

  /// @param offReason why nothing shall be captured, empty = capture
  /// @param ringRecords records that the ring buffer holds at least
  /// @param maxConnections that are parsed at the same time
  public CaptureVerticle(
      Topics topics,
      ProcessDirectory processes,
      Figures figures,
      KernelSupport support,
      Path nativeDirectory,
      String offReason,
      int ringRecords,
      int maxConnections) {
    this.topics = topics;
    this.processes = processes;
    this.figures = figures;
    this.support = support;
    this.nativeDirectory = nativeDirectory;
    this.offReason = offReason;
    this.ringRecords = ringRecords;
    this.maxConnections = maxConnections;
  }

  @Override
  public Future<?> start() {
    if (!offReason.isEmpty()) {
      state = new CaptureState("off", "", offReason);
      return Future.succeededFuture();
    }
    Optional<KernelTier> tier = support.tier();
    if (tier.isEmpty()) {
      state = new CaptureState("failed", "", support.obstacle());
      LOG.warn("nothing is captured: {}", support.obstacle());
      return Future.succeededFuture();
    }
    state = new CaptureState("ok", tier.get().name(), "");
    CaptureLoop started =
        new CaptureLoop(
            listener -> open(tier.get(), listener),
            topics.captured(),
            processes,
            figures,
            this::failed);
    loop = Optional.of(started);
    started.start();
    for (KernelCounter counter : KernelCounter.values()) {
      figures.gauge(counter.metric(), () -> started.counter(counter));
    }
    figures.gauge("coral_ring_waiting_bytes", started::waitingBytes);
    figures.gauge("coral_kernel_map_bytes", started::mapBytes);
    return Future.succeededFuture();
  }

  private void failed(Throwable failure) {
    LOG.warn("nothing is captured: {}", failure.getMessage());
    state = new CaptureState("failed", "", String.valueOf(failure.getMessage()));
  }

  private KernelSession open(KernelTier tier, EventListener listener) throws KernelException {
    long wanted = Math.max(MIN_RING_BYTES, (long) ringRecords * BYTES_PER_RECORD);
    int ringBytes = (int) Math.min(1 << 29, Long.highestOneBit(wanted - 1) << 1);
    return KernelSession.open(nativeDirectory, tier, ringBytes, maxConnections, listener);
  }

  @Override
  public Future<Void> apply(TargetChange change) {
    Promise<Void> applied = Promise.promise();
    loop.ifPresentOrElse(
        running -> running.apply(change, applied::tryComplete), applied::tryComplete);
    return applied.future();
  }

  /// Exchanges that the kernel side began and could not hand over, because the ring was full or the
  /// connection went the message way; safe on any thread.
  public long lostExchanges() {
    return loop.map(
            running ->
                running.counter(KernelCounter.EXCHANGES_DROPPED_RING)
                    + running.counter(KernelCounter.MESSAGE_WAY_PIPELINED)
                    + running.counter(KernelCounter.MESSAGE_WAY_SPLIT_HEAD)
                    + running.counter(KernelCounter.MESSAGE_WAY_UNPAIRED))
        .orElse(0L);
  }

  /// How capturing fares; safe on any thread.
  public CaptureState state() {
    return state;
  }

  @Override
  public Future<?> stop() {
    Promise<Void> stopped = Promise.promise();
    loop.ifPresentOrElse(running -> running.stop(stopped::tryComplete), stopped::tryComplete);
    return stopped.future();
  }
}
