package io.coral.cli;

import java.nio.file.Path;

/// Starts the server side. The command line knows no class behind it.
public interface Servers {
  /// What one process is.
  enum Role {
    AGENT,
    COLONY,
    /// Agent and colony in one process; the colony is named `local`.
    UP
  }

  /// Returns when the role serves: its ports are open and, where processes are to be observed,
  /// their capture is on.
  ///
  /// @throws StartFailure in words for the user; nothing is left running
  Running start(Role role, StartOptions options) throws StartFailure;

  /// Makes the data of a colony's node, which does not run, from a file of `coral colony export`.
  ///
  /// @return what was done, one line
  /// @throws StartFailure in words for the user; nothing is changed
  default String restore(Path file, StartOptions options) throws StartFailure {
    throw new UnsupportedOperationException("no node's data are made here");
  }

  /// A role that serves. Any thread may call it.
  interface Running extends AutoCloseable {
    /// `http://host:port` of the agent's API, empty when this process is no agent.
    String agentUrl();

    /// `http://host:port` of the colony's API, empty when this process is no colony.
    String colonyUrl();

    /// Where the data are, empty when that is not known.
    default String dataDirectory() {
      return "";
    }

    /// Returns after [#close] or when the role ended by itself.
    void awaitTermination() throws InterruptedException;

    /// Stops in order and returns when all is stored. Calling it again does nothing.
    @Override
    void close();
  }
}
