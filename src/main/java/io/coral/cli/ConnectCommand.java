package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "connect",
    description = "Observe processes from now on, or stop observing them.",
    footer = {
      "",
      "Examples:",
      "  coral connect payments-api=:8080",
      "  coral connect pid:1234 exe:nginx",
      "  coral connect --disconnect payments-api"
    })
final class ConnectCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  @Parameters(
      arity = "0..*",
      paramLabel = "SELECTOR",
      description = ":PORT, pid:PID, exe:NAME, each also as NAME=…")
  List<String> selectors = List.of();

  @Option(names = "--disconnect", paramLabel = "NAME", description = "stop observing a service")
  @Nullable String disconnect;

  ConnectCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if ((disconnect == null) == selectors.isEmpty()) {
      throw CommandFailure.usage(
          "nothing to connect", "give one or more SELECTORs, or --disconnect NAME");
    }
    List<Selector> parsed = selectors.stream().map(Selector::parse).toList();
    ConnectClient client = flags.agentServer(context);
    return disconnect == null ? connect(client, parsed) : disconnect(client, disconnect);
  }

  private int connect(ConnectClient client, List<Selector> parsed) {
    JsonArray results = new JsonArray();
    for (int i = 0; i < parsed.size(); i++) {
      ProtoMessage answer = client.ask("ConnectService", parsed.get(i).toConnectRequest());
      if (!answer.flag("success")) {
        throw new CommandFailure(
            ExitCode.FAILURE,
            "the agent does not observe '" + selectors.get(i) + "'",
            answer.text("error"),
            "coral explain " + explained(parsed.get(i)));
      }
      JsonObject result = new JsonObject();
      result.addProperty("selector", selectors.get(i));
      result.addProperty("service", answer.text("serviceName"));
      result.add("processes", AnswerJson.processes(answer.messages("processes")));
      results.add(result);
      if (!flags.json()) {
        print(selectors.get(i), answer);
      }
    }
    if (flags.json()) {
      JsonObject document = new JsonObject();
      document.add("connected", results);
      context.console().json(document);
    }
    return ExitCode.OK;
  }

  private void print(String selector, ProtoMessage answer) {
    List<ProtoMessage> processes = answer.messages("processes");
    if (processes.isEmpty()) {
      context
          .console()
          .line("! " + selector + ": no process fits now; one that starts later is observed");
    }
    for (ProtoMessage process : processes) {
      context
          .console()
          .line(
              "✓ %s: pid %d %s %s"
                  .formatted(
                      TextTable.printable(process.text("serviceName")),
                      process.number("pid"),
                      TextTable.printable(process.text("exe")),
                      AgentStatusCommand.ports(process)));
    }
  }

  private static String explained(Selector selector) {
    return switch (selector.target()) {
      case Selector.Target.Port(int port) -> ":" + port;
      case Selector.Target.Pid(int pid) -> "pid:" + pid;
      case Selector.Target.Executable(String pattern) -> pattern;
    };
  }

  private int disconnect(ConnectClient client, String name) {
    JsonObject request = new JsonObject();
    request.addProperty("serviceName", name);
    ProtoMessage answer = client.ask("DisconnectService", request);
    if (!answer.flag("success")) {
      throw new CommandFailure(
          ExitCode.FAILURE,
          "'" + name + "' is still as it was",
          answer.text("error"),
          "coral agent status lists what is observed");
    }
    if (flags.json()) {
      JsonObject document = new JsonObject();
      document.addProperty("disconnected", name);
      context.console().json(document);
    } else {
      context.console().line("✓ " + name + " is no longer observed");
    }
    return ExitCode.OK;
  }
}
