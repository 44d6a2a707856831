package io.coral.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/// The root of the command line: what can be typed after `coral`.
@Command(
    name = "coral",
    description = "Observability without instrumentation.",
    footer = {
      "",
      "Start with:",
      "  coral demo                       bundled services under load, observed",
      "  coral up --observe :8080         observe what listens on a port",
      "  coral query beyla http           requests, latency and errors by route",
      "  coral doctor                     what this machine allows"
    })
public final class CoralCommand implements Callable<Integer> {
  private final CliContext context;

  private CoralCommand(CliContext context) {
    this.context = context;
  }

  /// Runs one command on the calling thread. A command that starts a server returns when it has
  /// stopped.
  ///
  /// @param out results
  /// @param err progress and errors
  /// @param env the environment variables
  /// @param clock its zone is that of printed times
  /// @return an [ExitCode]
  public static int execute(
      String[] args,
      PrintStream out,
      PrintStream err,
      Map<String, String> env,
      Clock clock,
      Servers servers,
      DoctorProbe doctor) {
    Console console = new Console(out, err);
    CliContext context = new CliContext(console, Map.copyOf(env), clock, servers, doctor);
    return commandLine(context)
        .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
        .execute(args);
  }

  private static CommandLine commandLine(CliContext context) {
    CommandLine beyla =
        GroupCommand.of(context, "beyla", "What was seen of requests on the wire.")
            .addSubcommand(new QueryHttpCommand(context))
            .addSubcommand(new QueryTracesCommand(context));
    CommandLine root =
        new CommandLine(new CoralCommand(context))
            .addSubcommand(new UpCommand(context))
            .addSubcommand(new DemoCommand(context))
            .addSubcommand(
                GroupCommand.of(context, "query", "Ask for what was seen.")
                    .addSubcommand(beyla)
                    .addSubcommand(new QueryLogsCommand(context))
                    .addSubcommand(new QueryMetricsCommand(context)))
            .addSubcommand(
                GroupCommand.of(context, "agent", "The agent of a host.")
                    .addSubcommand(new AgentStartCommand(context))
                    .addSubcommand(new AgentStatusCommand(context)))
            .addSubcommand(
                GroupCommand.of(context, "colony", "The colony that agents report to.")
                    .addSubcommand(new ColonyStartCommand(context))
                    .addSubcommand(new ColonyStatusCommand(context))
                    .addSubcommand(new ColonyAgentsCommand(context))
                    .addSubcommand(new ColonyOwnersCommand(context))
                    .addSubcommand(new ColonyExportCommand(context))
                    .addSubcommand(new ColonyImportCommand(context)))
            .addSubcommand(new ConnectCommand(context))
            .addSubcommand(
                GroupCommand.of(context, "service", "What requests are served by.")
                    .addSubcommand(new ServiceListCommand(context)))
            .addSubcommand(new DecodeCommand(context))
            .addSubcommand(new DoctorCommand(context))
            .addSubcommand(new ExplainCommand(context))
            .addSubcommand(new VersionCommand(context));
    addHelp(root);
    return root.setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((failure, args) -> usage(context.console(), failure))
        .setExecutionExceptionHandler(
            (failure, command, result) -> failed(context.console(), failure));
  }

  private static void addHelp(CommandLine command) {
    command
        .getCommandSpec()
        .addOption(
            OptionSpec.builder("-h", "--help")
                .usageHelp(true)
                .description("show this help")
                .build());
    command.getSubcommands().values().forEach(CoralCommand::addHelp);
  }

  @Option(
      names = "--ascii",
      scope = ScopeType.INHERIT,
      description = "print no character outside ASCII")
  void setAscii(boolean ascii) {
    context.console().useAscii(ascii);
  }

  @Override
  public Integer call() {
    throw new CommandFailure(
        ExitCode.USAGE,
        "no command was given",
        "coral does nothing by itself",
        "'coral demo' to see it work, 'coral --help' for all commands");
  }

  private static int usage(Console console, ParameterException failure) {
    String command = failure.getCommandLine().getCommandSpec().qualifiedName();
    List<String> suggestions =
        failure instanceof UnmatchedArgumentException unmatched
            ? unmatched.getSuggestions()
            : List.of();
    String next = command + " --help";
    if (!suggestions.isEmpty()) {
      next = "did you mean " + String.join(" or ", suggestions) + "? Else " + next;
    }
    String why = failure.getMessage() == null ? "" : failure.getMessage();
    CommandFailure three =
        new CommandFailure(ExitCode.USAGE, "the command line cannot be read", why, next);
    console.progress(three.lines());
    return three.exitCode();
  }

  private static int failed(Console console, Exception failure) {
    CommandFailure three =
        switch (failure) {
          case CommandFailure known -> known;
          case NumberFormatException broken -> unexpected(broken);
          case IllegalArgumentException usage ->
              CommandFailure.usage(
                  "a value on the command line cannot be used", String.valueOf(usage.getMessage()));
          default -> unexpected(failure);
        };
    console.progress(three.lines());
    return three.exitCode();
  }

  private static CommandFailure unexpected(Exception failure) {
    return new CommandFailure(
        ExitCode.FAILURE,
        "the command failed",
        failure.toString(),
        "coral doctor; if it says nothing, please report this");
  }
}
