package io.coral.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "up",
    description = "Agent and colony in one process, on this machine.",
    footer = {
      "",
      "Without --observe it lists what it could observe, and observes nothing.",
      "",
      "Examples:",
      "  coral up --observe payments-api=:8080 --observe exe:nginx",
      "  coral up --data ./data"
    })
final class UpCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin StartFlags flags = new StartFlags();

  UpCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return new ServerRun(context, Servers.Role.UP, flags.options(null)).run();
  }
}
