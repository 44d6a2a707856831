package io.coral.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "start", description = "Run a colony: remember what agents see.")
final class ColonyStartCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin StartFlags flags = new StartFlags();

  @Option(names = "--cluster", description = "be one node of several, as `cluster:` says")
  boolean cluster;

  ColonyStartCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return new ServerRun(context, Servers.Role.COLONY, flags.options(null, cluster)).run();
  }
}
