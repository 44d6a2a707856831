package io.coral.bench;

import io.coral.model.ColumnBatch;
import io.coral.otlp.SpanDecoder;
import io.coral.otlp.SpanPayloads;
import io.coral.storage.AgentStore;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/// What decoding and storing a span costs, without a network: `java … SpanStoreCost SPANS`.
final class SpanStoreCost {
  private static final int PAYLOAD = 500;

  public static void main(String[] args) throws Exception {
    int spans = Integer.parseInt(args[0]);
    int perCommit = args.length > 1 ? Integer.parseInt(args[1]) : 8;
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    Path directory = Files.createTempDirectory("span-store-cost");
    AgentStore store = AgentStore.open(directory, Clock.systemUTC());
    SpanDecoder decoder = new SpanDecoder(Clock.systemUTC());
    SpanPayloads payloads = new SpanPayloads(7);
    long decodeNanos = 0;
    long storeNanos = 0;
    long wire = 0;
    int done = 0;
    List<ColumnBatch> batches = new ArrayList<>();
    while (done < spans) {
      byte[] bytes =
          payloads.payload(PAYLOAD, System.currentTimeMillis() * 1_000_000).toByteArray();
      wire += bytes.length;
      long before = threads.getCurrentThreadCpuTime();
      batches.add(decoder.decode(bytes, 0, bytes.length, (_, _) -> true).batch());
      decodeNanos += threads.getCurrentThreadCpuTime() - before;
      done += PAYLOAD;
      if (batches.size() == perCommit) {
        before = threads.getCurrentThreadCpuTime();
        store.append(batches);
        storeNanos += threads.getCurrentThreadCpuTime() - before;
        batches.clear();
      }
      if (done % 100_000 == 0) {
        System.out.printf(
            "%d spans: decode %d ns, store %d ns a span, %d B a span on the wire%n",
            done, decodeNanos / 100_000, storeNanos / 100_000, wire / done);
        decodeNanos = 0;
        storeNanos = 0;
      }
    }
    long before = System.nanoTime();
    store.close();
    System.out.printf(
        "close %d ms; %.1f B a span in the database%n",
        (System.nanoTime() - before) / 1_000_000,
        (double) Files.size(directory.resolve(AgentStore.FILE_NAME)) / done);
  }
}
