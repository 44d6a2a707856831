package io.coral.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/// Sends the requests of [DemoPlan] to `frontend-api` over four keep-alive connections, and
/// keeps the list of what was sent and answered.
public final class DemoLoad {
  private static final int CONNECTIONS = 4;

  private final int frontendPort;

  /// @param frontendPort on loopback
  public DemoLoad(int frontendPort) {
    this.frontendPort = frontendPort;
  }

  /// What the load knows.
  ///
  /// @param sent requests sent to `frontend-api` and answered
  /// @param counts by the answers seen at `frontend-api`, and by the plan for what those
  /// requests caused
  public record Result(long sent, Map<CountKey, Long> counts) {}

  /// Sends the numbers `first` to `first + requests - 1` as fast as they are answered.
  ///
  /// @throws IOException when a connection breaks: then the truth is no longer known
  public Result send(long first, long requests) throws IOException, InterruptedException {
    return send(first, requests, 0);
  }

  /// As [#send(long, long)], with a pause of each connection after each request.
  ///
  /// @param pauseMillis 200 gives about 20 requests a second
  public Result send(long first, long requests, long pauseMillis)
      throws IOException, InterruptedException {
    AtomicLong next = new AtomicLong(first);
    List<Future<Result>> parts = new ArrayList<>();
    var threads = Executors.newFixedThreadPool(CONNECTIONS, DemoLoad::thread);
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        parts.add(threads.submit(() -> sendPart(next, first + requests, pauseMillis)));
      }
      long sent = 0;
      Map<CountKey, Long> counts = new TreeMap<>();
      for (Future<Result> part : parts) {
        Result result = part.get();
        sent += result.sent();
        result.counts().forEach((key, count) -> counts.merge(key, count, Long::sum));
      }
      return new Result(sent, counts);
    } catch (ExecutionException e) {
      throw new IOException("the load broke off: " + e.getCause(), e);
    } finally {
      threads.shutdownNow();
    }
  }

  private Result sendPart(AtomicLong next, long end, long pauseMillis)
      throws IOException, InterruptedException {
    Map<CountKey, Long> counts = new TreeMap<>();
    long sent = 0;
    try (LoadConnection connection = new LoadConnection(frontendPort)) {
      for (long number = next.getAndIncrement(); number < end; number = next.getAndIncrement()) {
        PlannedCall call = DemoPlan.request(number);
        int status = connection.send(call);
        sent++;
        counts.merge(
            new CountKey(call.service(), call.method(), call.route(), status), 1L, Long::sum);
        call.calls().forEach(inner -> DemoPlan.add(inner, counts));
        if (pauseMillis > 0) {
          Thread.sleep(pauseMillis);
        }
      }
    }
    return new Result(sent, counts);
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "demo-load");
    thread.setDaemon(true);
    return thread;
  }
}
