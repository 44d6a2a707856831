package io.coral.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What clients did at real servers, captured by tcpdump, is what `coral decode` tells: each
/// operation, its target and how it ended, as often as it happened.
final class DecodeIT {
  private static final int PIPELINED = 10_000;
  private static final int TRANSACTIONS = 50;

  @TempDir Path directory;
  private String tcpdump = "";

  @BeforeEach
  void needsTcpdump() {
    Host.requireRoot();
    tcpdump = Host.program("tcpdump");
  }

  /// What is done while everything is captured.
  @FunctionalInterface
  private interface Work {
    void run() throws Exception;
  }

  /// How often there was what: `operation target status`.
  private Map<String, Integer> decoded(int port, String protocol, Work work) throws Exception {
    Path file = directory.resolve("capture.pcap");
    Path log = directory.resolve("tcpdump.log");
    Process capture =
        new ProcessBuilder(
                tcpdump,
                "-i",
                "lo",
                "-Z",
                "root",
                "-s",
                "0",
                "-B",
                "65536",
                "--immediate-mode",
                "-U",
                "-w",
                file.toString(),
                "port",
                "" + port)
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      await("tcpdump captures")
          .atMost(Duration.ofSeconds(60))
          .until(() -> Files.readString(log).contains("listening on"));
      work.run();
      // What is still on its way to the file.
      TimeUnit.SECONDS.sleep(1);
    } finally {
      capture.destroy();
      capture.waitFor();
    }
    assertThat(Files.readString(log)).contains("0 packets dropped by kernel");
    CoralProcess.Ended ended =
        CoralProcess.run(directory, List.of(), "decode", file.toString(), "-o", "json");
    assertThat(ended.exitCode()).as(ended.err()).isZero();
    Map<String, Integer> counts = new TreeMap<>();
    for (JsonElement each : JsonParser.parseString(ended.out()).getAsJsonArray()) {
      JsonObject call = each.getAsJsonObject();
      assertThat(call.get("protocol").getAsString()).isEqualTo(protocol);
      assertThat(call.get("incomplete").getAsBoolean()).as("%s", call).isFalse();
      assertThat(call.get("aborted").getAsBoolean()).as("%s", call).isFalse();
      assertThat(call.get("duration_ms").getAsDouble()).isBetween(0.0, 60_000.0);
      assertThat(call.get("server").getAsString()).endsWith(":" + port);
      String what = call.get("operation").getAsString() + " " + call.get("target").getAsString();
      counts.merge(what.strip() + " " + call.get("status").getAsString(), 1, Integer::sum);
    }
    return counts;
  }

  private String client(String... command) throws IOException, InterruptedException {
    return CoralProcess.run(directory, List.of(command)).out();
  }

  @Test
  void redis() throws Exception {
    String client = Host.program("redis-cli");
    try (RealServer server = RealServer.redis(directory)) {
      String port = "" + server.port();
      Map<String, Integer> counts =
          decoded(
              server.port(),
              "redis",
              () -> {
                for (String command :
                    List.of(
                        "SET user:17 a",
                        "GET user:17",
                        "LPUSH l 1 2 3",
                        "GET l",
                        "NOSUCH x",
                        "EVAL return(1) 0")) {
                  client("%s -p %s %s".formatted(client, port, command).split(" "));
                }
                client(client, "-p", port, "-3", "HGETALL", "h");
                pipelined(server.port());
                typed(server.port());
              });
      assertThat(counts)
          .containsExactlyInAnyOrderEntriesOf(
              Map.ofEntries(
                  Map.entry("SET user:* OK", 1),
                  Map.entry("GET user:* OK", 1),
                  Map.entry("LPUSH l OK", 1),
                  Map.entry("GET l WRONGTYPE", 1),
                  Map.entry("NOSUCH ERR", 1),
                  Map.entry("EVAL OK", 1),
                  Map.entry("HELLO OK", 1),
                  Map.entry("HGETALL h OK", 1),
                  Map.entry("SET key:* OK", PIPELINED),
                  Map.entry("PING OK", 1),
                  Map.entry("INCR typed OK", 1)));
    }
  }

  private static void pipelined(int port) throws IOException {
    ByteArrayOutputStream commands = new ByteArrayOutputStream();
    for (int i = 0; i < PIPELINED; i++) {
      String key = "key:" + i;
      commands.writeBytes(
          "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$5\r\nvalue\r\n"
              .formatted(key.length(), key)
              .getBytes(US_ASCII));
    }
    send(port, commands.toByteArray(), "+OK\r\n".length() * PIPELINED);
  }

  private static void typed(int port) throws IOException {
    send(port, "PING\r\nINCR typed\r\n".getBytes(US_ASCII), "+PONG\r\n:1\r\n".length());
  }

  private static void send(int port, byte[] bytes, int answer) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write(bytes);
      assertThat(socket.getInputStream().readNBytes(answer)).hasSize(answer);
    }
  }

  @Test
  void postgres() throws Exception {
    String bench = RealServer.postgresPrograms() + "/pgbench";
    String client = Host.program("psql");
    try (RealServer server = RealServer.postgres(directory)) {
      String[] to = {"-h", "127.0.0.1", "-p", "" + server.port(), "-U", "postgres", "postgres"};
      psql(client, to, "-c", "create table t(a int primary key, b text)");
      Path script =
          Files.writeString(directory.resolve("script"), "select b from t where a = 1;\n");
      Path rows = Files.writeString(directory.resolve("rows"), "1\tone\n2\ttwo\n");
      Map<String, Integer> counts =
          decoded(
              server.port(),
              "postgresql",
              () -> {
                psql(client, to, "-c", "\\copy t from " + rows);
                psql(client, to, "-c", "selec 1", "-c", "select 1/0", "-c", "copy t to stdout");
                psql(client, to, "-c", "set statement_timeout = 200", "-c", "select pg_sleep(9)");
                for (String mode : List.of("simple", "extended", "prepared")) {
                  CoralProcess.Ended ended =
                      CoralProcess.run(
                          directory,
                          List.of(
                              bench,
                              "-M",
                              mode,
                              "-t",
                              "" + TRANSACTIONS,
                              "-n",
                              "-f",
                              script.toString(),
                              "-h",
                              "127.0.0.1",
                              "-p",
                              "" + server.port(),
                              "-U",
                              "postgres",
                              "postgres"));
                  assertThat(ended.exitCode()).as(ended.err()).isZero();
                }
              });
      counts.keySet().removeIf(each -> each.contains("pg_catalog") || each.contains("branches"));
      assertThat(counts)
          .containsExactlyInAnyOrderEntriesOf(
              Map.ofEntries(
                  Map.entry("COPY COPY t FROM STDIN OK", 1),
                  Map.entry("COPY copy t to stdout OK", 1),
                  Map.entry("SELEC selec ? 42601", 1),
                  Map.entry("SELECT select ?/? 22012", 1),
                  Map.entry("SET set statement_timeout = ? OK", 1),
                  Map.entry("SELECT select pg_sleep(?) 57014", 1),
                  Map.entry("PREPARE select b from t where a = ? OK", 1),
                  Map.entry("SELECT select b from t where a = ? OK", 3 * TRANSACTIONS)));
    }
  }

  private void psql(String client, String[] to, String... more)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(client, "-X", "-q"));
    command.addAll(List.of(to));
    command.addAll(List.of(more));
    CoralProcess.run(directory, command);
  }

  @Test
  void mariadb() throws Exception {
    String client = Host.program("mariadb");
    try (RealServer server = RealServer.mariadb(directory)) {
      List<String> to =
          List.of(
              client,
              "--no-defaults",
              "--skip-ssl",
              "-h",
              "127.0.0.1",
              "-u",
              "root",
              "--force",
              "-P",
              "" + server.port());
      Map<String, Integer> counts =
          decoded(
              server.port(),
              "mysql",
              () -> {
                // The client leaves out what is behind an error.
                for (String statements :
                    List.of(
                        "create database d; create table d.t(a int, b varchar(20));"
                            + " insert into d.t values (1,'secret'),(2,'x'); select * from d.t;"
                            + " update d.t set b='q' where a=1;"
                            + " prepare p from 'select * from d.t where a=?'; set @a=1;"
                            + " execute p using @a; select repeat('x', 20000000)",
                        "select * from d.nope",
                        "selec 1")) {
                  List<String> command = new ArrayList<>(to);
                  command.addAll(List.of("-e", statements));
                  CoralProcess.run(directory, command);
                }
              });
      counts.keySet().removeIf(each -> each.contains("@@version_comment"));
      assertThat(counts)
          .containsExactlyInAnyOrderEntriesOf(
              Map.ofEntries(
                  Map.entry("CREATE create database d OK", 1),
                  Map.entry("CREATE create table d.t(a int, b varchar(?)) OK", 1),
                  Map.entry("INSERT insert into d.t values (?) OK", 1),
                  Map.entry("SELECT select * from d.t OK", 1),
                  Map.entry("SELECT select * from d.nope 1146", 1),
                  Map.entry("SELEC selec ? 1064", 1),
                  Map.entry("UPDATE update d.t set b=? where a=? OK", 1),
                  Map.entry("PREPARE prepare p from ? OK", 1),
                  Map.entry("SET set @a=? OK", 1),
                  Map.entry("EXECUTE execute p using @a OK", 1),
                  Map.entry("SELECT select repeat(?) OK", 1)));
    }
  }

  @Test
  void http2() throws Exception {
    String load = Host.program("h2load");
    try (RealServer server = RealServer.http2(directory)) {
      String url = "http://127.0.0.1:" + server.port();
      Map<String, Integer> counts =
          decoded(
              server.port(),
              "http2",
              () -> {
                client(load, "-n", "2000", "-c", "2", "-m", "100", url + "/index.html");
                client(load, "-n", "50", "-c", "1", "-m", "10", url + "/nope");
              });
      assertThat(counts)
          .containsExactlyInAnyOrderEntriesOf(
              Map.of("GET /index.html 200", 2000, "GET /nope 404", 50));
    }
  }

  @Test
  void dns() throws Exception {
    String dig = Host.program("dig");
    try (RealServer server = RealServer.dns(directory)) {
      String port = "" + server.port();
      Map<String, Integer> counts =
          decoded(
              server.port(),
              "dns",
              () -> {
                for (int i = 0; i < 5; i++) {
                  client(dig, "@127.0.0.1", "-p", port, "a.test");
                }
                client(dig, "@127.0.0.1", "-p", port, "nx.test");
                client(dig, "@127.0.0.1", "-p", port, "+tcp", "a.test", "a.test", "nx.test");
              });
      assertThat(counts)
          .containsExactlyInAnyOrderEntriesOf(
              Map.of("A a.test NOERROR", 7, "A nx.test NXDOMAIN", 2));
    }
  }
}
