package io.coral.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The flags of a command that starts an agent, a colony or both. Defaults are those of the
/// configuration.
final class StartFlags {
  @Option(names = "--config", paramLabel = "FILE", description = "the configuration file")
  @Nullable Path config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "where data are kept (default: /var/lib/coral as root, else ~/.coral)")
  @Nullable Path data;

  @Option(
      names = "--observe",
      paramLabel = "SELECTOR",
      description = ":PORT, pid:PID, exe:NAME, each also as NAME=…; may be given more than once")
  List<String> observe = List.of();

  @Option(names = "--port", paramLabel = "PORT", description = "the colony's API (default: 9000)")
  @Nullable Integer colonyPort;

  @Option(
      names = "--agent-port",
      paramLabel = "PORT",
      description = "the agent's API (default: 9001)")
  @Nullable Integer agentPort;

  @Option(names = "--otlp-grpc", paramLabel = "PORT", description = "default: 4317")
  @Nullable Integer otlpGrpcPort;

  @Option(names = "--otlp-http", paramLabel = "PORT", description = "default: 4318")
  @Nullable Integer otlpHttpPort;

  /// @throws IllegalArgumentException when a selector or a port cannot be used
  StartOptions options(@Nullable String colony) {
    return options(colony, false);
  }

  /// @param cluster whether the colony is one node of several
  StartOptions options(@Nullable String colony, boolean cluster) {
    observe.forEach(Selector::parse);
    return new StartOptions(
        config, data, observe, colonyPort, agentPort, otlpGrpcPort, otlpHttpPort, colony, cluster);
  }
}
