package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every `console` block below `docs/` is run, against a Coral that observes a service of this
/// test, `payments-api`, and its client, `frontend-api`, whose last request is slow and belongs to
/// the trace that the documents show: each line after `$` succeeds, and prints the lines that stand
/// below it.
final class DocumentsIT {
  private static final int REQUESTS = 30;
  private static final String TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final Duration SLOW = Duration.ofMillis(600);

  @TempDir Path directory;
  private int otlpPort;

  private record Step(String place, String command, String expected) {}

  @Test
  void consoleBlocks_ofTheDocuments_doWhatTheyShow() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "needs root: the agent loads BPF programs");
    List<Step> steps = steps();
    assertThat(steps).hasSizeGreaterThan(8);
    int agentPort = freePort();
    int colonyPort = freePort();
    otlpPort = freePort();
    HttpServer service =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    service.createContext(
        "/",
        exchange -> {
          if (exchange.getRequestHeaders().containsKey("traceparent")) {
            LockSupport.parkNanos(SLOW.toNanos());
          }
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    service.start();
    Process observed = client(service.getAddress().getPort());
    Process coral = up(agentPort, colonyPort, observed.pid());
    try {
      awaitTraffic(colonyPort, observed);
      for (Step step : steps) {
        run(step, agentPort, colonyPort);
      }
    } finally {
      coral.destroy();
      observed.destroyForcibly();
      service.stop(0);
      assertThat(coral.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static List<Step> steps() throws IOException {
    List<Step> steps = new ArrayList<>();
    try (Stream<Path> files = Files.walk(Path.of("docs"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".md")).sorted().toList()) {
        boolean inside = false;
        String command = "";
        StringBuilder expected = new StringBuilder();
        int number = 0;
        for (String line : Files.readAllLines(file)) {
          number++;
          boolean fence = line.startsWith("```");
          if (inside && (fence || line.startsWith("$ ")) && !command.isEmpty()) {
            steps.add(new Step(file + ":" + number, command, expected.toString()));
            command = "";
            expected.setLength(0);
          }
          if (fence) {
            inside = line.equals("```console");
          } else if (inside && line.startsWith("$ ")) {
            command = line.substring(2);
          } else if (inside) {
            expected.append(line).append('\n');
          }
        }
      }
    }
    return steps;
  }

  /// A process whose client side is observed: it asks when it is told to.
  private static Process client(int port) throws IOException {
    String script =
        """
        import sys, http.client
        sys.stdin.readline()
        connection = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))
        last = {'traceparent': '00-' + sys.argv[3] + '-00f067aa0ba902b7-01'}
        for left in reversed(range(int(sys.argv[2]))):
            connection.request('GET', '/api/v1/payments', headers={} if left else last)
            connection.getresponse().read()
        sys.stdin.readline()
        """;
    return new ProcessBuilder("python3", "-c", script, "" + port, "" + REQUESTS, TRACE_ID).start();
  }

  private Process up(int agentPort, int colonyPort, long pid) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            CoralProcess.command(
                List.of(),
                List.of(
                    "up",
                    "--data",
                    directory.resolve("data").toString(),
                    "--port",
                    "" + colonyPort,
                    "--agent-port",
                    "" + agentPort,
                    "--otlp-grpc",
                    "0",
                    "--otlp-http",
                    "" + otlpPort,
                    "--observe",
                    "frontend-api=pid:" + pid,
                    "--observe",
                    "payments-api=pid:" + ProcessHandle.current().pid())));
    builder.environment().put("XDG_CACHE_HOME", directory.resolve("cache").toString());
    return builder
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("up.log").toFile())
        .start();
  }

  private void awaitTraffic(int colonyPort, Process observed) throws IOException {
    await("coral up serves")
        .atMost(Duration.ofSeconds(100))
        .until(() -> Files.readString(directory.resolve("up.log")).contains("Ctrl-C"));
    observed.getOutputStream().write('\n');
    observed.getOutputStream().flush();
    await("the colony has the requests")
        .atMost(Duration.ofSeconds(100))
        .until(
            () -> ask(colonyPort, "QueryHttp", "{}").contains("\"requests\":\"" + REQUESTS + "\""));
    await("the colony has the trace")
        .atMost(Duration.ofSeconds(100))
        .ignoreExceptions()
        .until(
            () ->
                ask(colonyPort, "GetTrace", "{\"traceId\":\"" + TRACE_ID + "\"}")
                    .contains("frontend-api"));
  }

  private static String ask(int colonyPort, String method, String request) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create(
                    "http://127.0.0.1:" + colonyPort + "/coral.colony.v1.ColonyService/" + method)
                .toURL()
                .openConnection();
    connection.setRequestMethod("POST");
    connection.setDoOutput(true);
    connection.setRequestProperty("content-type", "application/json");
    connection.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
    return new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private void run(Step step, int agentPort, int colonyPort) throws Exception {
    String command =
        step.command
            .replace("127.0.0.1:9001", "127.0.0.1:" + agentPort)
            .replace("127.0.0.1:9000", "127.0.0.1:" + colonyPort)
            .replace("127.0.0.1:4318", "127.0.0.1:" + otlpPort);
    Path bin = Files.createDirectories(directory.resolve("bin"));
    Path example = directory.resolve("docs/example.pcap");
    if (!Files.exists(example)) {
      Files.createDirectories(directory.resolve("docs"));
      Files.copy(Path.of("docs/example.pcap"), example);
    }
    Path coral = bin.resolve("coral");
    if (!Files.exists(coral)) {
      Files.writeString(
          coral,
          "#!/bin/sh\nexec '%s' \"$@\"\n"
              .formatted(String.join("' '", CoralProcess.command(List.of(), List.of()))));
      assertThat(coral.toFile().setExecutable(true)).isTrue();
    }
    ProcessBuilder builder = new ProcessBuilder("sh", "-c", command).directory(directory.toFile());
    builder.environment().put("TZ", "UTC");
    builder.environment().put("PATH", bin + ":" + System.getenv("PATH"));
    builder.environment().put("CORAL_AGENT", "http://127.0.0.1:" + agentPort);
    builder.environment().put("CORAL_COLONY", "http://127.0.0.1:" + colonyPort);
    builder.environment().put("XDG_CACHE_HOME", directory.resolve("cache").toString());
    Path out = directory.resolve("out");
    Process process = builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(step.place).isTrue();
    String printed = Files.readString(out);
    assertThat(process.exitValue()).as("%s: %s%n%s", step.place, step.command, printed).isZero();
    if (!step.expected.isBlank()) {
      assertThat(printed.strip().toLowerCase(Locale.ROOT))
          .as("%s: %s", step.place, step.command)
          .isEqualTo(step.expected.strip().toLowerCase(Locale.ROOT));
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
