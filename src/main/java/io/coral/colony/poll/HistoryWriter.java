package io.coral.colony.poll;

import io.coral.model.ColumnBatch;
import io.coral.rpc.ColumnBatchCodec;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.storage.ColonyStore;
import io.coral.storage.Delivery;
import io.coral.storage.NumberedBatch;
import io.coral.storage.StorageException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Stores what agents, and other nodes, answer. Batches that come while others are stored, or 10 ms
/// later, wait and are stored together, one transaction for each stream, because a transaction
/// costs more than many batches.
///
/// One event loop; stores on the history's writer thread.
final class HistoryWriter {
  private static final int MOST_ROWS = 50_000;

  /// Without it, the writer would be busy all the time from some tens of batches a second on. A
  /// poll stores one stream after the other, and some queries wait for one.
  private static final long REST_MILLIS = 10;

  private final Vertx vertx;
  private final WorkerExecutor writer;
  private final ColonyStore store;
  private final TraceSampling sampling;
  private final Consumer<Delivery> listener;
  private final Queue<Waiting> queue = new ArrayDeque<>();
  private boolean busy;

  private record Waiting(
      String agentId, PullResponse response, boolean isNew, Promise<Long> stored) {}

  /// What came of a batch.
  private record Result(long news, @Nullable Throwable failure) {}

  /// @param listener told of the rows that are stored, on the writer thread
  HistoryWriter(
      Vertx vertx,
      WorkerExecutor writer,
      ColonyStore store,
      TraceSampling sampling,
      Consumer<Delivery> listener) {
    this.vertx = vertx;
    this.writer = writer;
    this.store = store;
    this.sampling = sampling;
    this.listener = listener;
  }

  /// Stores a batch.
  ///
  /// @param isNew whether no node had it before, so that the listener is told
  /// @return how many of its numbers are held now that were not; fails when it is malformed or
  ///     cannot be stored
  Future<Long> append(String agentId, PullResponse response, boolean isNew) {
    Promise<Long> stored = Promise.promise();
    queue.add(new Waiting(agentId, response, isNew, stored));
    next();
    return stored.future();
  }

  private void next() {
    if (busy || queue.isEmpty()) {
      return;
    }
    busy = true;
    List<Waiting> taken = new ArrayList<>();
    for (int rows = 0; rows < MOST_ROWS && !queue.isEmpty(); ) {
      Waiting waiting = queue.remove();
      rows += waiting.response.getRowCount();
      taken.add(waiting);
    }
    writer
        .executeBlocking(() -> store(taken), true)
        .onComplete(
            results -> {
              vertx.setTimer(
                  REST_MILLIS,
                  _ -> {
                    busy = false;
                    next();
                  });
              for (int i = 0; i < taken.size(); i++) {
                Result result =
                    results.failed() ? new Result(0, results.cause()) : results.result().get(i);
                if (result.failure == null) {
                  taken.get(i).stored.complete(result.news);
                } else {
                  taken.get(i).stored.fail(result.failure);
                }
              }
            });
  }

  private List<Result> store(List<Waiting> taken) {
    Result[] results = new Result[taken.size()];
    Delivery[] deliveries = new Delivery[results.length];
    Map<String, List<Integer>> byStream = new LinkedHashMap<>();
    for (int i = 0; i < results.length; i++) {
      try {
        deliveries[i] = delivery(taken.get(i));
        byStream.computeIfAbsent(deliveries[i].rows().stream(), _ -> new ArrayList<>()).add(i);
      } catch (RuntimeException e) {
        results[i] = new Result(0, e);
      }
    }
    byStream.values().forEach(places -> store(places, taken, deliveries, results));
    return List.of(results);
  }

  private Delivery delivery(Waiting waiting) {
    PullResponse response = waiting.response;
    ColumnBatch batch = ColumnBatchCodec.decode(response);
    return new Delivery(
        waiting.agentId,
        new NumberedBatch(
            response.getStream(),
            response.getEpoch(),
            response.getFromSeq(),
            response.getToSeq(),
            response.getSeqsList().stream().mapToLong(Long::longValue).toArray(),
            batch),
        sampling.keep(batch));
  }

  /// Stores the batches of one stream.
  private void store(
      List<Integer> places, List<Waiting> taken, Delivery[] deliveries, Result[] results) {
    try {
      List<ColonyStore.Stored> stored =
          store.append(places.stream().map(place -> deliveries[place]).toList());
      for (int i = 0; i < stored.size(); i++) {
        if (taken.get(places.get(i)).isNew) {
          listener.accept(stored.get(i).rows());
        }
        results[places.get(i)] = new Result(stored.get(i).numbers(), null);
      }
    } catch (StorageException e) {
      if (places.size() == 1) {
        results[places.getFirst()] = new Result(0, e);
      } else {
        // One of them may be at fault; then it alone is refused.
        places.forEach(place -> store(List.of(place), taken, deliveries, results));
      }
    }
  }
}
