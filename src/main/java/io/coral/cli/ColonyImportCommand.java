package io.coral.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "import",
    description =
        "Make the history of a node that does not run from a file of 'coral colony export'.")
final class ColonyImportCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin StartFlags flags = new StartFlags();

  @Parameters(paramLabel = "FILE", description = "what was exported")
  Path file = Path.of("");

  ColonyImportCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    try {
      context.console().text(context.servers().restore(file, flags.options(null)) + "\n");
      return ExitCode.OK;
    } catch (StartFailure failure) {
      throw CommandFailure.of(failure);
    }
  }
}
