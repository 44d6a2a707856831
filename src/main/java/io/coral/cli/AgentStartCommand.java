package io.coral.cli;

import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "start", description = "Run an agent: observe this host.")
final class AgentStartCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin StartFlags flags = new StartFlags();

  @Option(
      names = "--colony",
      paramLabel = "HOST:PORT",
      description =
          "the colony to register with, of its nodes several with commas between; empty: none")
  @Nullable String colony;

  AgentStartCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (colony != null && !colony.isEmpty()) {
      Pattern.compile(",")
          .splitAsStream(colony)
          .forEach(node -> ServerAddress.parse(ServerAddress.Role.COLONY, node.strip()));
    }
    return new ServerRun(context, Servers.Role.AGENT, flags.options(colony)).run();
  }
}
