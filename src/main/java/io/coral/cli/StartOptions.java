package io.coral.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the command line says about a start. A flag that was not given is null: the
/// configuration file and the defaults decide.
///
/// @param observe selectors in the order given, each valid as [Selector#parse] reads it
/// @param colony `host:port` of the colony to register with
/// @param cluster whether the colony is one node of several
public record StartOptions(
    @Nullable Path config,
    @Nullable Path data,
    List<String> observe,
    @Nullable Integer colonyPort,
    @Nullable Integer agentPort,
    @Nullable Integer otlpGrpcPort,
    @Nullable Integer otlpHttpPort,
    @Nullable String colony,
    boolean cluster) {
  public StartOptions {
    observe = List.copyOf(observe);
    checkPort("port", colonyPort);
    checkPort("agent-port", agentPort);
    checkPort("otlp-grpc", otlpGrpcPort);
    checkPort("otlp-http", otlpHttpPort);
  }

  private static void checkPort(String name, @Nullable Integer port) {
    if (port != null && (port < 0 || port > 65535)) {
      throw new IllegalArgumentException(name + ": " + port + " (expected: 0..65535)");
    }
  }
}
