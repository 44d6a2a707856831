package io.coral.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The flags of a command that agents and colonies can both answer.
final class ReadFlags {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json (default: table)")
  OutputFormat output = OutputFormat.TABLE;

  @Option(
      names = "--colony",
      paramLabel = "URL",
      description = "the colony to ask (default: $$CORAL_COLONY or http://127.0.0.1:9000)")
  @Nullable String colony;

  @Option(
      names = "--agent",
      paramLabel = "URL",
      description =
          "ask this agent instead (agent commands: $$CORAL_AGENT or http://127.0.0.1:9001)")
  @Nullable String agent;

  boolean json() {
    return output == OutputFormat.JSON;
  }

  /// The agent if one was named, else the colony.
  ConnectClient anyServer(CliContext context) {
    if (agent != null) {
      if (colony != null) {
        throw CommandFailure.usage(
            "both --agent and --colony were given", "a question goes to one server");
      }
      return agentServer(context);
    }
    return colonyServer(context);
  }

  ConnectClient agentServer(CliContext context) {
    String text =
        agent != null
            ? agent
            : context.env().getOrDefault("CORAL_AGENT", ServerAddress.DEFAULT_AGENT);
    return new ConnectClient(ServerAddress.parse(ServerAddress.Role.AGENT, text));
  }

  ConnectClient colonyServer(CliContext context) {
    String text =
        colony != null
            ? colony
            : context.env().getOrDefault("CORAL_COLONY", ServerAddress.DEFAULT_COLONY);
    return new ConnectClient(ServerAddress.parse(ServerAddress.Role.COLONY, text));
  }
}
