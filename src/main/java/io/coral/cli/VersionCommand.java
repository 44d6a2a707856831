package io.coral.cli;

import com.google.gson.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "version", description = "The version of Coral.")
final class VersionCommand implements Callable<Integer> {
  private final CliContext context;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json (default: table)")
  OutputFormat output = OutputFormat.TABLE;

  VersionCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (output == OutputFormat.JSON) {
      JsonObject json = new JsonObject();
      json.addProperty("version", version());
      json.addProperty("java", Runtime.version().toString());
      context.console().json(json);
    } else {
      context.console().line("coral " + version() + " (Java " + Runtime.version() + ")");
    }
    return ExitCode.OK;
  }

  /// From the manifest of the jar.
  static String version() {
    String version = CoralCommand.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
