package io.coral.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "export", description = "Save the history of a colony's node to a file.")
final class ColonyExportCommand implements Callable<Integer> {
  private final CliContext context;

  @Option(
      names = "--colony",
      paramLabel = "URL",
      description = "the node (default: $$CORAL_COLONY or http://127.0.0.1:9000)")
  @Nullable String colony;

  @Parameters(paramLabel = "FILE", description = "a zip file that is not there yet")
  Path file = Path.of("");

  ColonyExportCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (Files.exists(file)) {
      throw CommandFailure.usage("the file is there already", file.toString());
    }
    ReadFlags flags = new ReadFlags();
    flags.colony = colony;
    long bytes = flags.colonyServer(context).download("/backup", file);
    context.console().text(file + ": " + Figures.bytes(bytes) + "\n");
    return ExitCode.OK;
  }
}
