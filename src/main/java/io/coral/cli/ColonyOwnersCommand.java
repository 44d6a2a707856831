package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "owners",
    description = "Which nodes of a colony pull which agent, and have its rows.")
final class ColonyOwnersCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  ColonyOwnersCommand(CliContext context) {
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
      throw ColonyAgentsCommand.noAgents();
    }
    if (!flags.json()) {
      TextTable table = TextTable.of("Agent", "Status", "Pulled by", "Rows at");
      for (ProtoMessage agent : agents) {
        table.add(
            agent.text("displayName"),
            agent.text("status"),
            String.join(", ", agent.texts("owners")),
            String.join(", ", agent.texts("holders")));
      }
      context.console().text(table.text());
    }
    return ExitCode.OK;
  }

  private static JsonObject json(List<ProtoMessage> agents) {
    JsonArray array = new JsonArray();
    for (ProtoMessage each : agents) {
      JsonObject agent = new JsonObject();
      agent.addProperty("agent_id", each.text("agentId"));
      agent.addProperty("display_name", each.text("displayName"));
      agent.addProperty("status", each.text("status"));
      agent.add("owners", AnswerJson.texts(each.texts("owners")));
      agent.add("holders", AnswerJson.texts(each.texts("holders")));
      array.add(agent);
    }
    JsonObject json = new JsonObject();
    json.add("agents", array);
    return json;
  }
}
