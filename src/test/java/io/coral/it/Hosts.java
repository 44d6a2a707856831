package io.coral.it;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Two hosts on a switch: network namespaces on a bridge, which this machine shares. Their names
/// are those of this process; all of it is gone after [#close()].
final class Hosts implements AutoCloseable {
  static final int COUNT = 2;
  private static final String NETWORK = "10.214.77.";

  private static final AtomicInteger MADE = new AtomicInteger();

  /// At most 10 characters, since a network interface is named by at most 15.
  private final String prefix =
      "co" + ProcessHandle.current().pid() % 100_000 + "-" + MADE.incrementAndGet();

  private final List<String> namespaces = new ArrayList<>();

  /// Makes them; skips the test where that is not allowed.
  Hosts() throws IOException {
    Host.program("ip");
    Host.program("nsenter");
    try {
      run("ip", "link", "add", bridge(), "type", "bridge");
      run("ip", "address", "add", switchAddress() + "/24", "dev", bridge());
      run("ip", "link", "set", bridge(), "up");
      for (int host = 1; host <= COUNT; host++) {
        String namespace = prefix + "-" + host;
        String port = prefix + "p" + host;
        run("ip", "netns", "add", namespace);
        namespaces.add(namespace);
        run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
        run("ip", "link", "set", port, "master", bridge(), "up");
        in(host, "ip", "link", "set", "lo", "up");
        in(host, "ip", "address", "add", address(host) + "/24", "dev", "eth0");
        in(host, "ip", "address", "add", secondAddress(host) + "/24", "dev", "eth0");
        in(host, "ip", "link", "set", "eth0", "up");
      }
    } catch (IOException e) {
      close();
      abort("no network namespaces on this machine: " + e.getMessage());
    }
  }

  private String bridge() {
    return prefix + "br";
  }

  /// This machine's address on the switch.
  static String switchAddress() {
    return NETWORK + "254";
  }

  /// @param host 1 or 2
  static String address(int host) {
    return NETWORK + host;
  }

  /// Another address of the same host.
  static String secondAddress(int host) {
    return NETWORK + (100 + host);
  }

  /// An address that no host has.
  static String virtualAddress(int host) {
    return NETWORK + (200 + host);
  }

  /// What to put in front of a command line that is to run on a host.
  List<String> on(int host) {
    return List.of("nsenter", "--net=/run/netns/" + prefix + "-" + host);
  }

  /// Loads a ruleset of nftables on a host; skips the test where that is not possible.
  void translate(int host, String ruleset, Path directory) throws IOException {
    String nft = Host.program("nft");
    Path file = Files.writeString(directory.resolve("rules-" + host + ".nft"), ruleset);
    try {
      in(host, nft, "-f", file.toString());
    } catch (IOException e) {
      abort("no address translation on this machine: " + e.getMessage());
    }
  }

  private void in(int host, String... command) throws IOException {
    List<String> all = new ArrayList<>(on(host));
    all.addAll(List.of(command));
    run(all.toArray(String[]::new));
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    throw new IOException(String.join(" ", command) + ": " + output);
  }

  @Override
  public void close() throws IOException {
    for (String namespace : namespaces) {
      run("ip", "netns", "delete", namespace);
    }
    namespaces.clear();
    try {
      run("ip", "link", "delete", bridge());
    } catch (IOException e) {
      // It was not made.
      return;
    }
  }
}
