package io.coral.cli;

import java.util.ArrayDeque;
import java.util.Deque;

/// Stops what a command started when the process is told to end. Closing it takes the shutdown
/// hook back; what was added is closed by whoever added it.
final class StopAtExit implements AutoCloseable {
  private final Deque<AutoCloseable> started = new ArrayDeque<>();
  private final Thread hook = new Thread(this::stopAll, "coral-stop");

  StopAtExit() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// @param resource whose `close` may be called twice
  synchronized <T extends AutoCloseable> T add(T resource) {
    started.push(resource);
    return resource;
  }

  private synchronized void stopAll() {
    for (AutoCloseable resource : started) {
      try {
        resource.close();
      } catch (Exception e) {
        System.err.println("coral: while stopping: " + e);
      }
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending and the hook is at work.
    }
  }
}
