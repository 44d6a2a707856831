package io.coral.cli;

import com.google.gson.JsonObject;
import java.util.List;

/// Starts a role, says where it answers and what to try, and waits until it ends.
final class ServerRun {
  private final CliContext context;
  private final Servers.Role role;
  private final StartOptions options;

  ServerRun(CliContext context, Servers.Role role, StartOptions options) {
    this.context = context;
    this.role = role;
    this.options = options;
  }

  int run() {
    try (StopAtExit stops = new StopAtExit();
        Servers.Running running = stops.add(context.servers().start(role, options))) {
      greet(running);
      running.awaitTermination();
      return ExitCode.OK;
    } catch (StartFailure failure) {
      throw CommandFailure.of(failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCode.OK;
    }
  }

  private void greet(Servers.Running running) {
    Console console = context.console();
    console.line("Coral " + VersionCommand.version());
    if (!running.dataDirectory().isEmpty()) {
      console.line("  data      " + running.dataDirectory());
    }
    if (!running.colonyUrl().isEmpty()) {
      console.line("  colony    " + running.colonyUrl());
    }
    if (!running.agentUrl().isEmpty()) {
      console.line("  agent     " + running.agentUrl());
      observed(running.agentUrl());
    }
    if (role == Servers.Role.COLONY) {
      console.line("  try       coral colony agents" + colonyFlag(running));
    }
    console.line("Ctrl-C stops; the data stay.");
  }

  /// What is observed; when nothing is, what could be.
  private void observed(String agentUrl) {
    Console console = context.console();
    ConnectClient agent =
        new ConnectClient(ServerAddress.parse(ServerAddress.Role.AGENT, agentUrl));
    try {
      ProtoMessage status = agent.call("GetStatus", new JsonObject());
      String reason = status.message("capabilities").text("reason");
      if (!reason.isEmpty()) {
        console.line("! " + TextTable.printable(reason));
      }
      for (ProtoMessage process : status.messages("processes")) {
        console.line(
            "  observes  %s (pid %d %s)"
                .formatted(
                    TextTable.printable(process.text("serviceName")),
                    process.number("pid"),
                    AgentStatusCommand.ports(process)));
      }
      if (!status.messages("processes").isEmpty()) {
        String first = status.messages("processes").getFirst().text("serviceName");
        console.line("  try       coral query beyla http " + TextTable.printable(first));
      } else if (options.observe().isEmpty()) {
        candidates(agent.call("ListProcesses", new JsonObject()).messages("processes"));
      } else {
        console.line("! no process fits " + String.join(" ", options.observe()) + " now");
        console.line("  try       coral explain :PORT");
      }
    } catch (ConnectFailure failure) {
      console.progress("coral: the agent does not say what it observes: " + failure.reason());
    }
  }

  private void candidates(List<ProtoMessage> processes) {
    Console console = context.console();
    console.line("  observes  nothing yet");
    if (processes.isEmpty()) {
      console.line("No process of this host listens on a TCP port.");
      return;
    }
    TextTable table = TextTable.of("PID", "Ports", "Executable", "To observe it");
    for (ProtoMessage process : processes) {
      List<String> ports = process.texts("ports");
      String name = process.text("serviceName");
      String target = ports.isEmpty() ? "pid:" + process.number("pid") : ":" + ports.getFirst();
      table.add(
          Long.toString(process.number("pid")),
          AgentStatusCommand.ports(process),
          process.text("exe"),
          "coral connect " + (name.isEmpty() ? "NAME" : name) + "=" + target);
    }
    console.line("It could observe (or start with --observe :PORT):");
    console.text(table.text());
  }

  private static String colonyFlag(Servers.Running running) {
    return running.colonyUrl().equals(ServerAddress.DEFAULT_COLONY)
        ? ""
        : " --colony " + running.colonyUrl();
  }
}
