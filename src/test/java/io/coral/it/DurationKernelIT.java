package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Durations and bytes of long exchanges, held against the clock and the count of the client, which
/// is observed as well.
@TestInstance(Lifecycle.PER_CLASS)
final class DurationKernelIT {
  private static final long FILE_BYTES = 50L << 20;
  private static final Percentage TOLERANCE = Percentage.withPercentage(5);
  private static final int SERVER = 1;
  private static final int CLIENT = 2;
  private static final Duration STORED = Duration.ofSeconds(100);

  private final List<AutoCloseable> started = new ArrayList<>();
  private Path directory;
  private CoralProcess agent;
  private Client toNginx;
  private Client toPython;

  /// What the client measured.
  private record Measured(long nanos, long sentBytes, long receivedBytes) {}

  /// What was stored of one side of an exchange.
  private record Seen(int role, long nanos, long requestBytes, long responseBytes) {}

  @BeforeAll
  void start(@TempDir Path scratch) throws Exception {
    directory = scratch;
    Host.requireCapture();
    Path files = Files.createDirectories(directory.resolve("file"));
    for (String name : List.of("full", "limited", "read-at-60", "read-at-20")) {
      try (RandomAccessFile file =
          new RandomAccessFile(files.resolve(name + ".bin").toFile(), "rw")) {
        file.setLength(FILE_BYTES);
      }
    }
    Backend nginx = Backend.start(Backend.Kind.NGINX, directory);
    started.add(nginx);
    Backend python = Backend.start(Backend.Kind.PYTHON, directory);
    started.add(python);
    toNginx = new Client(directory, nginx.port());
    started.add(toNginx);
    toPython = new Client(directory, python.port());
    started.add(toPython);
    List<String> arguments = new ArrayList<>(noColony(directory));
    arguments.addAll(List.of(nginx.observedAs("files")));
    arguments.addAll(List.of(python.observedAs("slow")));
    arguments.addAll(List.of("--observe", "files-client=pid:" + toNginx.pid()));
    arguments.addAll(List.of("--observe", "slow-client=pid:" + toPython.pid()));
    agent = CoralProcess.agent(directory, Host.freePort(), arguments.toArray(String[]::new));
    started.add(agent);
  }

  private static List<String> noColony(Path directory) throws IOException {
    Path file = directory.resolve("agent.yaml");
    Files.writeString(file, "agent:\n  colony: \"\"\n");
    return List.of("--config", file.toString());
  }

  @AfterAll
  void stop() throws Exception {
    for (AutoCloseable each : started.reversed()) {
      each.close();
    }
  }

  @Test
  void sendfile_unthrottled_clientSeesItsOwnDuration() throws Exception {
    Measured measured = toNginx.exchange("GET", "/file/full.bin", 0, 0, 0);
    List<Seen> seen = seen("/file/full.bin");
    assertBytes(seen, measured);
    assertDuration(seen, CLIENT, measured);
    assertThat(measured.receivedBytes).isGreaterThan(FILE_BYTES);
  }

  @Test
  void sendfile_serverLimitsItsRate_bothSeeTheClientsDuration() throws Exception {
    Measured measured = toNginx.exchange("GET", "/slow/limited.bin", 0, 0, 0);
    List<Seen> seen = seen("/slow/limited.bin");
    assertBytes(seen, measured);
    assertDuration(seen, CLIENT, measured);
    assertDuration(seen, SERVER, measured);
  }

  /// The kernel takes megabytes from the server before the client has them.
  @ParameterizedTest
  @ValueSource(ints = {60, 20})
  void sendfile_clientReadsSlowly_bothSeeTheClientsDuration(int megabytesPerSecond)
      throws Exception {
    String target = "/file/read-at-" + megabytesPerSecond + ".bin";
    Measured measured = toNginx.exchange("GET", target, 0, 0, megabytesPerSecond);
    List<Seen> seen = seen(target);
    assertBytes(seen, measured);
    assertDuration(seen, CLIENT, measured);
    assertDuration(seen, SERVER, measured);
  }

  @Test
  void chunkedAnswer_tricklesForThreeSeconds_bothSeeTheLastChunk() throws Exception {
    Measured measured = toPython.exchange("GET", "/trickle", 0, 0, 0);
    List<Seen> seen = seen("/trickle");
    assertThat(measured.nanos).isGreaterThan(3_000_000_000L);
    assertBytes(seen, measured);
    assertDuration(seen, CLIENT, measured);
    assertDuration(seen, SERVER, measured);
  }

  @Test
  void post_serverReadsSlowly_clientSeesItsOwnDuration() throws Exception {
    Measured measured = toPython.exchange("POST", "/slow-read", 1_000_000, 0, 0);
    List<Seen> seen = seen("/slow-read");
    assertBytes(seen, measured);
    assertDuration(seen, CLIENT, measured);
  }

  @Test
  void post_bodyAtFiveMegabytesASecond_bothSeeTheClientsDuration() throws Exception {
    Measured measured = toPython.exchange("POST", "/upload", 1_000_000, 5, 0);
    List<Seen> seen = seen("/upload");
    assertBytes(seen, measured);
    assertDuration(seen, CLIENT, measured);
    assertDuration(seen, SERVER, measured);
  }

  private static void assertBytes(List<Seen> seen, Measured measured) {
    assertThat(seen)
        .allSatisfy(
            side -> {
              assertThat(side.requestBytes).isEqualTo(measured.sentBytes);
              assertThat(side.responseBytes).isEqualTo(measured.receivedBytes);
            });
  }

  private static void assertDuration(List<Seen> seen, int role, Measured measured) {
    assertThat(duration(seen, role))
        .as("nanoseconds that the %s saw", role == CLIENT ? "client" : "server")
        .isCloseTo(measured.nanos, TOLERANCE);
  }

  private static long duration(List<Seen> seen, int role) {
    return seen.stream().filter(side -> side.role == role).findFirst().orElseThrow().nanos;
  }

  /// Both sides of the one exchange of a route.
  private List<Seen> seen(String route) {
    return await("both sides of " + route)
        .atMost(STORED)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(200))
        .until(() -> stored(route), sides -> sides.size() == 2);
  }

  private List<Seen> stored(String route) throws IOException, SQLException {
    try (Snapshot snapshot = Snapshot.of(agent, directory)) {
      List<Seen> seen = new ArrayList<>();
      for (List<@Nullable Object> row :
          snapshot.rows(
              "SELECT role, duration_nanos, request_bytes, response_bytes FROM traces_rows"
                  + " WHERE route = '"
                  + route
                  + "' ORDER BY role")) {
        List<Long> numbers = row.stream().map(DurationKernelIT::number).toList();
        seen.add(
            new Seen(numbers.get(0).intValue(), numbers.get(1), numbers.get(2), numbers.get(3)));
      }
      return seen;
    }
  }

  private static long number(@Nullable Object value) {
    return value instanceof Number number ? number.longValue() : -1;
  }

  /// A process that sends a request when it is told to, so that it can be observed before.
  private static final class Client implements AutoCloseable {
    private static final String SCRIPT =
        """
        import socket, sys, time

        PIECE = 65536

        def pace(start, done, rate):
            if rate > 0:
                time.sleep(max(0, start + done / (rate * 1e6) - time.perf_counter()))

        for line in sys.stdin:
            method, target, body, send_rate, receive_rate = line.split()
            body, send_rate, receive_rate = int(body), int(send_rate), int(receive_rate)
            connection = socket.socket()
            if receive_rate > 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262144)
            connection.connect(("127.0.0.1", int(sys.argv[1])))
            head = f"{method} {target} HTTP/1.1\\r\\nHost: files.example\\r\\nConnection: close\\r\\n"
            head += f"Content-Length: {body}\\r\\n\\r\\n" if body else "\\r\\n"
            start = last = time.perf_counter()
            connection.sendall(head.encode())
            sent = 0
            while sent < body:
                piece = min(PIECE, body - sent)
                pace(start, sent, send_rate)
                connection.sendall(b"x" * piece)
                sent += piece
            received = 0
            while True:
                piece = connection.recv(PIECE)
                if not piece:
                    break
                last = time.perf_counter()
                received += len(piece)
                pace(start, received, receive_rate)
            connection.close()
            print(int((last - start) * 1e9), len(head) + sent, received, flush=True)
        """;

    private final Process process;
    private final BufferedWriter requests;
    private final BufferedReader results;

    Client(Path directory, int port) throws IOException {
      Path script = directory.resolve("client.py");
      Files.writeString(script, SCRIPT);
      process =
          new ProcessBuilder(Host.program("python3"), script.toString(), Integer.toString(port))
              .redirectError(directory.resolve("client-" + port + ".log").toFile())
              .start();
      requests = process.outputWriter(StandardCharsets.US_ASCII);
      results = process.inputReader(StandardCharsets.US_ASCII);
    }

    long pid() {
      return process.pid();
    }

    /// @param sendRate of the body, megabytes a second, 0 = as fast as it goes
    /// @param receiveRate of the response, the same
    Measured exchange(String method, String target, int bodyBytes, int sendRate, int receiveRate)
        throws IOException {
      requests.write(
          method + " " + target + " " + bodyBytes + " " + sendRate + " " + receiveRate + "\n");
      requests.flush();
      String line = results.readLine();
      if (line == null) {
        throw new IOException("the client ended");
      }
      String[] numbers = line.split(" ", -1);
      return new Measured(
          Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), Long.parseLong(numbers[2]));
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
