package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "agents", description = "The agents that a colony knows.")
final class ColonyAgentsCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  ColonyAgentsCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<ProtoMessage> agents =
        flags.colonyServer(context).ask("ListAgents", new JsonObject()).messages("agents");
    if (flags.json()) {
      context.console().json(json(agents));
    }
    if (agents.isEmpty()) {
      throw noAgents();
    }
    if (!flags.json()) {
      context.console().text(table(agents, context.clock().instant()));
    }
    return ExitCode.OK;
  }

  static CommandFailure noAgents() {
    return new CommandFailure(
        ExitCode.NO_DATA,
        "no agents",
        "no agent has registered with this colony",
        "coral agent start --colony HOST:PORT");
  }

  private static String table(List<ProtoMessage> agents, Instant now) {
    TextTable table =
        TextTable.of(
            "Agent",
            "Status",
            "Tier",
            "Kernel",
            "Last seen",
            "Last poll",
            "Rows",
            "Endpoint",
            "Version");
    StringBuilder notes = new StringBuilder();
    for (ProtoMessage agent : agents) {
      ProtoMessage capabilities = agent.message("capabilities");
      String name = agent.text("displayName");
      table.add(
          name,
          agent.text("status"),
          capabilities.text("tier").isEmpty() ? "none" : capabilities.text("tier"),
          capabilities.text("kernelVersion"),
          ago(agent.number("lastSeenUnixNanos"), now),
          ago(agent.number("lastPollUnixNanos"), now),
          Figures.count(agent.number("rows")),
          agent.text("endpoint"),
          agent.text("version"));
      if (!agent.text("limitation").isEmpty()) {
        notes.append(agent.text("limitation").replace('\n', ' ')).append('\n');
      }
      if (!agent.text("lastError").isEmpty()) {
        notes
            .append("! ")
            .append(TextTable.printable(name + ": " + agent.text("lastError")))
            .append('\n');
      }
    }
    return table.text() + notes;
  }

  private static String ago(long unixNanos, Instant now) {
    return unixNanos == 0
        ? "never"
        : Figures.span(Duration.between(TimeRange.ofUnixNanos(unixNanos), now)) + " ago";
  }

  private static JsonObject json(List<ProtoMessage> agents) {
    JsonArray array = new JsonArray();
    for (ProtoMessage each : agents) {
      JsonObject agent = new JsonObject();
      agent.addProperty("agent_id", each.text("agentId"));
      agent.addProperty("display_name", each.text("displayName"));
      agent.addProperty("endpoint", each.text("endpoint"));
      agent.addProperty("version", each.text("version"));
      agent.addProperty("status", each.text("status"));
      agent.add("last_seen", AnswerJson.time(each.number("lastSeenUnixNanos")));
      agent.add("last_poll", AnswerJson.time(each.number("lastPollUnixNanos")));
      agent.addProperty("last_error", each.text("lastError"));
      agent.add("capabilities", AnswerJson.capabilities(each.message("capabilities")));
      agent.addProperty("limitation", each.text("limitation"));
      agent.addProperty("rows", each.number("rows"));
      array.add(agent);
    }
    JsonObject json = new JsonObject();
    json.add("agents", array);
    return json;
  }
}
