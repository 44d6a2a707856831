package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Chains of three services that send no header: 1,600 requests, 16 at a time.
final class ChainKernelIT {
  private static final int REQUESTS = 1600;
  private static final int AT_A_TIME = 16;
  private static final Duration STORED = Duration.ofSeconds(100);

  @TempDir Path directory;

  @BeforeEach
  void needsCapture() {
    Host.requireCapture();
  }

  /// @param completeShare of the traces that must be complete, in thousandths
  @ParameterizedTest
  @CsvSource({
    "PYTHON, PYTHON, PYTHON, 995, 10",
    "PYTHON, PYTHON_SDK, PYTHON, 995, 10",
    "NODE, NODE, PYTHON, 0, 10",
    "JAVA, JAVA, JAVA, 995, 10",
    "JAVA_VIRTUAL, JAVA_VIRTUAL, PYTHON, 0, 10",
    "NGINX, NGINX, NGINX, 995, 20",
    "NGINX_POOL, NGINX_POOL, PYTHON, 0, 20",
    "GO, GO, GO, 995, 20",
    "GO_FAN_OUT, GO, GO, 995, 70"
  })
  void requestsWithoutHeader_haveTheRightParents(
      ChainService.Kind first,
      ChainService.Kind second,
      ChainService.Kind third,
      int completeShare,
      int pauseMillis)
      throws Exception {
    String a = "127.0.0.1:" + Host.freePort();
    String b = "127.0.0.1:" + Host.freePort();
    String c = "127.0.0.1:" + Host.freePort();
    List<AutoCloseable> started = new ArrayList<>();
    try {
      List<String> arguments = new ArrayList<>(List.of("--config", noColony().toString()));
      ChainService last = ChainService.start(third, 'c', directory, List.of(), c, "");
      started.add(last);
      ChainService middle = ChainService.start(second, 'b', directory, List.of(), b, c);
      started.add(middle);
      ChainService front = ChainService.start(first, 'a', directory, List.of(), a, b);
      started.add(front);
      for (ChainService service : List.of(front, middle, last)) {
        arguments.addAll(service.awaited().observed());
      }
      CoralProcess agent =
          CoralProcess.agent(directory, Host.freePort(), arguments.toArray(String[]::new));
      started.add(agent);
      int port = Integer.parseInt(a.substring(a.indexOf(':') + 1));
      send("127.0.0.1", port, REQUESTS, AT_A_TIME, pauseMillis);
      ChainCheck check =
          new ChainCheck(
              REQUESTS, first == ChainService.Kind.GO_FAN_OUT ? ChainService.FAN_OUT : 1);
      ChainCheck.Result result =
          await("spans are stored")
              .atMost(STORED)
              .pollDelay(Duration.ofSeconds(2))
              .pollInterval(Duration.ofSeconds(1))
              .until(
                  () -> check.read(agent, directory),
                  found -> found.spans() == check.expectedSpans());
      System.out.println(first + " " + second + " " + third + ": " + result);
      assertThat(result.wrong()).as("wrong parents: %s", result).isZero();
      assertThat(result.complete())
          .as("complete traces: %s", result)
          .isGreaterThanOrEqualTo(REQUESTS * completeShare / 1000);
    } finally {
      for (AutoCloseable each : started.reversed()) {
        each.close();
      }
    }
  }

  private Path noColony() throws IOException {
    return Files.writeString(directory.resolve("agent.yaml"), "agent:\n  colony: \"\"\n");
  }

  /// Each of the connections sends its next request a while after the answer to the last, so that
  /// no service has more spans than are kept.
  static void send(String host, int port, int requests, int connections, int pauseMillis)
      throws Exception {
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(connections)) {
      List<Future<?>> parts = new ArrayList<>();
      for (int i = 0; i < connections; i++) {
        parts.add(
            threads.submit(
                () -> {
                  try (RawClient client = new RawClient(host, port)) {
                    for (int n = next.getAndIncrement(); n < requests; n = next.getAndIncrement()) {
                      client.send("GET /a/" + n + " HTTP/1.1\r\nHost: chain\r\n\r\n");
                      assertThat(client.receive("GET").status()).isEqualTo(200);
                      Thread.sleep(pauseMillis);
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> part : parts) {
        part.get();
      }
    }
  }
}
