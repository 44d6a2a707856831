package io.coral.launch;

import io.coral.cli.ExitCode;
import io.coral.cli.StartFailure;
import io.coral.cli.StartOptions;
import io.coral.config.Address;
import io.coral.config.AgentConfig;
import io.coral.config.ColonyConfig;
import io.coral.config.ConfigException;
import io.coral.model.ObserveRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Puts together what a role is told: flag before environment before file before default.
final class Settings {
  private final StartOptions options;
  private final Map<String, String> environment;

  Settings(StartOptions options, Map<String, String> environment) {
    this.options = options;
    this.environment = environment;
  }

  /// The directory under which agent and colony keep theirs.
  Path data(Path configured) {
    Path flag = options.data();
    if (flag != null) {
      return flag.toAbsolutePath();
    }
    String variable = environment.getOrDefault("CORAL_DATA", "");
    if (!variable.isEmpty()) {
      return Path.of(variable).toAbsolutePath();
    }
    if (!configured.toString().isEmpty()) {
      return configured.toAbsolutePath();
    }
    boolean root = "root".equals(System.getProperty("user.name"));
    return root ? Path.of("/var/lib/coral") : Path.of(System.getProperty("user.home"), ".coral");
  }

  AgentConfig agent() throws StartFailure {
    AgentConfig file;
    try {
      Path path = file("agent.yaml");
      file =
          path == null
              ? AgentConfig.defaults()
              : AgentConfig.parse(path.toString(), Files.readString(path));
    } catch (ConfigException e) {
      throw unusable(e.getMessage());
    } catch (IOException e) {
      throw unusable("it cannot be read: " + e.getMessage());
    }
    return new AgentConfig(
        file.dataDirectory(),
        port(file.api(), options.agentPort()),
        file.apiInsecure(),
        colonies(file.colonies()),
        file.heartbeatInterval(),
        file.flushInterval(),
        file.otlpEnabled(),
        port(file.otlpGrpc(), options.otlpGrpcPort()),
        port(file.otlpHttp(), options.otlpHttpPort()),
        file.otlpInsecure(),
        file.otlpRetention(),
        file.spanFilter(),
        file.diskMarks(),
        file.beyla().observing(observed()),
        file.notes());
  }

  private List<ObserveRule> observed() throws StartFailure {
    try {
      return options.observe().stream().map(ObserveRule::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new StartFailure(
          "a selector cannot be read",
          String.valueOf(e.getMessage()),
          "coral up --help",
          ExitCode.USAGE);
    }
  }

  private List<String> colonies(List<String> configured) {
    String flag = options.colony();
    String given = flag != null ? flag : environment.get("CORAL_COLONY_ENDPOINT");
    return given == null ? configured : AgentConfig.colonies(List.of(given));
  }

  /// @param readFile false: `up` reads only the agent's file
  ColonyConfig colony(boolean readFile) throws StartFailure {
    ColonyConfig file;
    try {
      Path path = readFile ? file("colony.yaml") : null;
      file =
          path == null
              ? ColonyConfig.defaults()
              : ColonyConfig.parse(path.toString(), Files.readString(path));
    } catch (ConfigException e) {
      throw unusable(e.getMessage());
    } catch (IOException e) {
      throw unusable("it cannot be read: " + e.getMessage());
    }
    return new ColonyConfig(
        file.dataDirectory(),
        file.id(),
        port(file.api(), options.colonyPort()),
        file.insecure(),
        file.pollInterval(),
        file.retention(),
        file.traceSamplingRate(),
        file.agents(),
        file.cleanupPercent(),
        file.compressed(),
        file.cluster().withEnabled(file.cluster().enabled() || options.cluster()));
  }

  /// The agent of `up`: fresh figures, its own colony, and every span is kept.
  static AgentConfig fresh(AgentConfig agent, String colony) {
    return new AgentConfig(
        agent.dataDirectory(),
        agent.api(),
        agent.apiInsecure(),
        List.of(colony),
        agent.heartbeatInterval(),
        Duration.ofSeconds(1),
        agent.otlpEnabled(),
        agent.otlpGrpc(),
        agent.otlpHttp(),
        agent.otlpInsecure(),
        agent.otlpRetention(),
        agent.spanFilter().keepingAll(),
        agent.diskMarks(),
        agent.beyla(),
        agent.notes());
  }

  /// The colony of `up`: named `local`, polling every 2 s.
  static ColonyConfig fresh(ColonyConfig colony) {
    return new ColonyConfig(
        colony.dataDirectory(),
        "local",
        colony.api(),
        colony.insecure(),
        Duration.ofSeconds(2),
        colony.retention(),
        colony.traceSamplingRate(),
        colony.agents(),
        colony.cleanupPercent(),
        colony.compressed(),
        colony.cluster().withEnabled(false));
  }

  private static Address port(Address address, @Nullable Integer flag) {
    return flag == null ? address : address.withPort(flag);
  }

  private @Nullable Path file(String name) throws StartFailure {
    Path flag = options.config();
    String variable = environment.getOrDefault("CORAL_CONFIG", "");
    Path explicit = flag != null ? flag : variable.isEmpty() ? null : Path.of(variable);
    if (explicit != null) {
      if (!Files.isReadable(explicit)) {
        throw unusable(explicit + ": no such file, or not readable");
      }
      return explicit;
    }
    for (Path usual : List.of(Path.of(name), Path.of("/etc/coral", name))) {
      if (Files.isReadable(usual)) {
        return usual;
      }
    }
    return null;
  }

  private static StartFailure unusable(@Nullable String why) {
    return new StartFailure(
        "the configuration cannot be used",
        String.valueOf(why),
        "conf/agent.yaml and conf/colony.yaml document every key",
        ExitCode.USAGE);
  }
}
