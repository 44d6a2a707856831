package io.coral.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/// A word that only leads to others, such as `coral query`; alone it is an error that shows
/// them.
final class GroupCommand implements Callable<Integer> {
  private final CliContext context;
  private final CommandSpec spec;

  private GroupCommand(CliContext context, String name, String description) {
    this.context = context;
    this.spec = CommandSpec.wrapWithoutInspection(this).name(name);
    spec.usageMessage().description(description);
  }

  static CommandLine of(CliContext context, String name, String description) {
    GroupCommand group = new GroupCommand(context, name, description);
    return new CommandLine(group.spec);
  }

  @Override
  public Integer call() {
    context.console().progress(spec.commandLine().getUsageMessage());
    return ExitCode.USAGE;
  }
}
