package io.coral.bench;

import io.coral.model.ColumnBatch;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanPayloads;
import io.coral.storage.AgentStore;
import io.coral.storage.RankedTrace;
import io.coral.storage.SpanQueries;
import io.coral.storage.SpanSearch;
import io.coral.storage.TraceQueries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;

/// What reading costs with many spans stored, without HTTP: `java … SpanReadCost SPANS`. The spans
/// lie in one hour; each question is asked 60 times after 20 that are not counted.
final class SpanReadCost {
  private static final int PAYLOAD = 500;
  private static final int ASKED = 80;
  private static final int NOT_COUNTED = 20;

  public static void main(String[] args) throws Exception {
    int spans = Integer.parseInt(args[0]);
    Path directory = Files.createTempDirectory("span-read-cost");
    long hour = 3_600_000_000_000L;
    long since = System.currentTimeMillis() * 1_000_000 - hour;
    try (AgentStore store = AgentStore.open(directory, Clock.systemUTC())) {
      List<String> ids = fill(store, spans, since, hour);
      TraceQueries traces = new TraceQueries(store);
      SpanQueries queries = new SpanQueries(store);
      Random random = new Random(1);
      report("by id", () -> traces.find(ids.get(random.nextInt(ids.size()))).trace());
      List<String> services = queries.services();
      for (int limit : List.of(20, 100)) {
        for (long least : List.of(100_000_000L, 400_000_000L)) {
          String name = "service, ≥ " + least / 1_000_000 + " ms, limit " + limit;
          report(
              name + ": ids",
              () -> queries.find(search(services, random, least, since, hour, limit)));
          report(
              name + ": traces",
              () ->
                  traces.traces(
                      RankedTrace.ids(
                          queries.find(search(services, random, least, since, hour, limit)))));
        }
      }
      report("services", queries::services);
      report("operations", () -> queries.operations("cart", null));
    }
  }

  private static List<String> fill(AgentStore store, int spans, long since, long hour)
      throws Exception {
    SpanDecoder decoder = new SpanDecoder(Clock.systemUTC());
    SpanPayloads payloads = new SpanPayloads(7);
    List<String> ids = new ArrayList<>();
    List<ColumnBatch> batches = new ArrayList<>();
    for (int done = 0; done < spans; done += PAYLOAD) {
      byte[] bytes = payloads.payload(PAYLOAD, since + hour / spans * done).toByteArray();
      ColumnBatch batch = decoder.decode(bytes, 0, bytes.length, (_, _) -> true).batch();
      long[] halves = batch.uuids(0);
      ids.add("%016x%016x".formatted(halves[0], halves[1]));
      batches.add(batch);
      if (batches.size() == 8) {
        store.append(batches);
        batches.clear();
      }
    }
    store.append(batches);
    return ids;
  }

  private static SpanSearch search(
      List<String> services, Random random, long least, long since, long hour, int limit) {
    return new SpanSearch(
        services.get(random.nextInt(services.size())),
        "",
        null,
        Map.of(),
        least,
        Long.MAX_VALUE,
        since,
        since + 2 * hour,
        limit);
  }

  private static void report(String name, Callable<?> question) throws Exception {
    long[] nanos = new long[ASKED - NOT_COUNTED];
    for (int i = 0; i < ASKED; i++) {
      long before = System.nanoTime();
      question.call();
      if (i >= NOT_COUNTED) {
        nanos[i - NOT_COUNTED] = System.nanoTime() - before;
      }
    }
    Arrays.sort(nanos);
    System.out.printf(
        "%-40s p50 %.1f ms  p95 %.1f ms%n",
        name, nanos[nanos.length / 2] / 1e6, nanos[nanos.length * 95 / 100] / 1e6);
  }
}
