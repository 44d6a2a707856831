package io.coral.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import org.jspecify.annotations.Nullable;

/// Finds ports for the demo: the default one, or a free one when another process has it.
final class DemoPorts {
  private final Console console;

  DemoPorts(Console console) {
    this.console = console;
  }

  /// @param given on the command line; taken as it is
  /// @return null when the default port is free and need not be said
  @Nullable Integer choose(String what, @Nullable Integer given, int defaultPort)
      throws IOException {
    if (given != null || isFree(defaultPort)) {
      return given;
    }
    int free = anyFree();
    console.progress(what + ": port " + defaultPort + " is taken, using " + free);
    return free;
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static int anyFree() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
