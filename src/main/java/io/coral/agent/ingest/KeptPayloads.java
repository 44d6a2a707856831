package io.coral.agent.ingest;

import io.coral.bus.FullException;
import io.coral.bus.RowKeeper;
import io.coral.model.Payload;
import io.coral.otlp.DecodedItems;
import io.coral.otlp.Signal;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Has what was made of a payload kept, and only then says that it was taken.
final class KeptPayloads {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Signal signal;
  private final RowKeeper keeper;

  KeptPayloads(Signal signal, RowKeeper keeper) {
    this.signal = signal;
    this.keeper = keeper;
  }

  /// The answer while nothing can be kept, null when something can.
  @Nullable Future<Accepted> refusal() {
    String why = keeper.whyFull();
    return why == null ? null : Future.failedFuture(new OverloadedException(RETRY_AFTER, why));
  }

  /// @param whenNew runs when the rows are safe, unless the same payload was kept before
  /// @return fails with an [OverloadedException] or the failure of the store
  Future<Accepted> keep(DecodedItems decoded, byte[] protobuf, int from, int to, Runnable whenNew) {
    return keeper
        .keep(List.of(decoded.batch()), Payload.of(signal.ordinal(), protobuf, from, to))
        .map(
            isNew -> {
              if (isNew) {
                whenNew.run();
              }
              return new Accepted(decoded.rejected(), decoded.message());
            })
        .recover(
            failure ->
                Future.failedFuture(
                    failure instanceof FullException
                        ? new OverloadedException(RETRY_AFTER, String.valueOf(failure.getMessage()))
                        : failure));
  }
}
