package io.coral.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "demo",
    description = "Bundled services under a known load, observed: the first thing to run.",
    footer = {
      "",
      "With --once it checks every count by service, route, method and status, and ends.",
      "Its data are thrown away unless --data is given."
    })
final class DemoCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin StartFlags flags = new StartFlags();

  @Option(names = "--once", description = "send the requests, check the counts and end")
  boolean once;

  @Option(
      names = "--requests",
      paramLabel = "N",
      description = "how many requests are sent and checked (default: 200)")
  long requests = 200;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json (default: table)")
  OutputFormat output = OutputFormat.TABLE;

  DemoCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (requests < 1 || requests > 1_000_000) {
      throw CommandFailure.usage("--requests cannot be used", requests + " (expected: 1..1000000)");
    }
    return new DemoRun(context, flags.options(null), requests, once, output).run();
  }
}
