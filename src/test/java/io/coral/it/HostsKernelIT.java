package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A chain over two hosts, an agent on each, from one to the other and back: the colony joins what
/// the agents cannot.
final class HostsKernelIT {
  private static final int REQUESTS = 800;
  private static final int SERVICE_PORT = 8000;
  private static final int AGENT_PORT = 9001;
  private static final Duration JOINED = Duration.ofSeconds(100);

  @TempDir Path directory;

  enum Network {
    PLAIN,
    /// Services are called at an address that stands for them.
    DNAT,
    /// Calls leave with another address and port than the caller's.
    SNAT
  }

  @BeforeEach
  void needsCapture() {
    Host.requireCapture();
    Host.requireRoot();
  }

  @ParameterizedTest
  @EnumSource
  void chainOverTwoHosts_isOneTrace(Network network) throws Exception {
    List<AutoCloseable> started = new ArrayList<>();
    try {
      Hosts hosts = new Hosts();
      started.add(hosts);
      for (int host = 1; host <= Hosts.COUNT; host++) {
        translate(hosts, host, network);
      }
      int colonyPort = Host.freePort();
      CoralProcess colony = colony(colonyPort);
      started.add(colony);
      // a and c on the first host, b on the second
      ChainService a = service(hosts, 'a', 1, called(network, 2));
      started.add(a);
      ChainService b = service(hosts, 'b', 2, called(network, 1));
      started.add(b);
      ChainService c = service(hosts, 'c', 1, "");
      started.add(c);
      started.add(agent(hosts, 1, colonyPort, List.of(a, c)));
      started.add(agent(hosts, 2, colonyPort, List.of(b)));
      ChainKernelIT.send(Hosts.address(1), SERVICE_PORT + 'a', REQUESTS, 8, 20);
      ChainCheck check = new ChainCheck(REQUESTS, 1);
      ChainCheck.Result result =
          await("traces are joined")
              .atMost(JOINED)
              .pollDelay(Duration.ofSeconds(4))
              .pollInterval(Duration.ofSeconds(2))
              .until(
                  () -> check.read(colony, directory),
                  found ->
                      found.spans() == check.expectedSpans()
                          && (found.complete() >= REQUESTS * 995 / 1000 || found.wrong() > 0));
      System.out.println(network + ": " + result);
      assertThat(result.wrong()).as("wrong parents: %s", result).isZero();
      assertThat(result.complete())
          .as("complete traces: %s", result)
          .isGreaterThanOrEqualTo(REQUESTS * 995 / 1000);
    } finally {
      for (AutoCloseable each : started.reversed()) {
        each.close();
      }
    }
  }

  /// The service on the other host as it is called.
  private static String called(Network network, int host) {
    int port = SERVICE_PORT + (host == 1 ? 'c' : 'b');
    return network == Network.DNAT
        ? Hosts.virtualAddress(host) + ":80"
        : Hosts.address(host) + ":" + port;
  }

  private void translate(Hosts hosts, int host, Network network) throws Exception {
    int other = 3 - host;
    int port = SERVICE_PORT + (other == 1 ? 'c' : 'b');
    if (network == Network.DNAT) {
      hosts.translate(
          host,
          """
          table ip nat {
            chain output {
              type nat hook output priority -100;
              ip daddr VIRTUAL tcp dport 80 dnat to REAL:PORT
            }
          }
          """
              .replace("VIRTUAL", Hosts.virtualAddress(other))
              .replace("REAL", Hosts.address(other))
              .replace("PORT", Integer.toString(port)),
          directory);
    } else if (network == Network.SNAT) {
      hosts.translate(
          host,
          """
          table ip nat {
            chain postrouting {
              type nat hook postrouting priority 100;
              ip daddr REAL tcp dport PORT snat to OWN:10000-11000
            }
          }
          """
              .replace("REAL", Hosts.address(other))
              .replace("OWN", Hosts.secondAddress(host))
              .replace("PORT", Integer.toString(port)),
          directory);
    }
  }

  private CoralProcess colony(int port) throws IOException {
    Path file = directory.resolve("colony.yaml");
    Files.writeString(
        file,
        "colony:\n  poll_interval: 1s\n  bind: " + Hosts.switchAddress() + "\n  insecure: true\n");
    return CoralProcess.wrapped(
        directory.resolve("colony"),
        List.of(),
        new Api(Hosts.switchAddress(), port),
        List.of(
            "colony",
            "start",
            "--config",
            file.toString(),
            "--data",
            directory.resolve("colony").toString(),
            "--port",
            Integer.toString(port)));
  }

  private CoralProcess agent(Hosts hosts, int host, int colonyPort, List<ChainService> observed)
      throws IOException {
    Path file = directory.resolve("agent-" + host + ".yaml");
    Files.writeString(
        file,
        "agent:\n  flush_interval: 1s\n  insecure: true\n  bind: " + Hosts.address(host) + "\n");
    Path data = directory.resolve("agent-" + host);
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "agent",
                "start",
                "--config",
                file.toString(),
                "--data",
                data.toString(),
                "--agent-port",
                Integer.toString(AGENT_PORT),
                "--otlp-grpc",
                "0",
                "--otlp-http",
                "0",
                "--colony",
                Hosts.switchAddress() + ":" + colonyPort));
    for (ChainService service : observed) {
      arguments.addAll(service.awaited().observed());
    }
    return CoralProcess.wrapped(
        data, hosts.on(host), new Api(Hosts.address(host), AGENT_PORT), arguments);
  }

  private ChainService service(Hosts hosts, char letter, int host, String next)
      throws IOException, InterruptedException {
    String address = Hosts.address(host) + ":" + (SERVICE_PORT + letter);
    return ChainService.start(
        ChainService.Kind.PYTHON, letter, directory, hosts.on(host), address, next);
  }
}
