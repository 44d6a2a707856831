package io.coral.it;

import static org.junit.jupiter.api.Assumptions.abort;

import io.coral.agent.kernel.KernelSupport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// What the tests need of the machine: rights, programs, ports.
final class Host {
  /// Below the range from which the kernel takes ports of outgoing connections.
  private static final int FIRST_PORT = 20_000;

  private static final int LAST_PORT = 32_000;
  private static final AtomicInteger NEXT_PORT =
      new AtomicInteger(
          FIRST_PORT + (int) (ProcessHandle.current().pid() * 97 % (LAST_PORT - FIRST_PORT)));

  private Host() {}

  /// Skips the test, with the reason, where nothing can be captured.
  static void requireCapture() {
    Path nativeDirectory = Path.of(System.getProperty("coral.native.dir", "target/native"));
    KernelSupport support = KernelSupport.probe(nativeDirectory.toAbsolutePath());
    if (support.tier().isEmpty()) {
      abort("nothing can be captured on this machine: " + support.obstacle());
    }
  }

  static void requireRoot() {
    if (!"root".equals(System.getProperty("user.name"))) {
      abort("the test must be root");
    }
  }

  /// The path of a program; skips the test when there is none.
  static String program(String name) {
    List<String> directories =
        Arrays.asList((System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin").split(":"));
    return directories.stream()
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, name))
        .filter(Files::isExecutable)
        .findFirst()
        .map(Path::toString)
        .orElseGet(() -> abort(name + " is not installed"));
  }

  /// Where `coral test` has put packages of Python; skips the test when one is missing there.
  static Path pythonPackages(String name) {
    Path directory = Path.of("target/python-packages").toAbsolutePath();
    return Files.isDirectory(directory.resolve(name))
        ? directory
        : abort(name + " is not installed in " + directory);
  }

  /// Where `coral test` has put packages of Node; skips the test when it has not.
  static Path nodePackages() {
    Path directory = Path.of("target/node-packages/node_modules").toAbsolutePath();
    return Files.isDirectory(directory)
        ? directory
        : abort("the packages of Node are not installed in " + directory);
  }

  /// A TCP port that nothing listens on.
  static int freePort() throws IOException {
    for (int attempt = 0; attempt < LAST_PORT - FIRST_PORT; attempt++) {
      int port = NEXT_PORT.getAndUpdate(before -> before + 1 < LAST_PORT ? before + 1 : FIRST_PORT);
      if (isFree(port)) {
        return port;
      }
    }
    throw new IOException("no port from " + FIRST_PORT + " to " + LAST_PORT + " is free");
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /// Children of a process that are alive.
  static List<Long> children(Process process) {
    try (Stream<ProcessHandle> children = process.children()) {
      return children.map(ProcessHandle::pid).toList();
    }
  }
}
