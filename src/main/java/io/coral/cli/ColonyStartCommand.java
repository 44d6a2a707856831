package io.coral.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "start", description = "Run a colony: remember what agents see.")
final class ColonyStartCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin StartFlags flags = new StartFlags();

  ColonyStartCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return new ServerRun(context, Servers.Role.COLONY, flags.options(null)).run();
  }
}
