package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "status", description = "What a colony holds, what it costs and what it lost.")
final class ColonyStatusCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  ColonyStatusCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    ProtoMessage status = flags.colonyServer(context).ask("GetStatus", new JsonObject());
    if (flags.json()) {
      context.console().json(json(status));
    } else {
      context.console().text(text(status, context.clock().instant()));
    }
    return ExitCode.OK;
  }

  private static String text(ProtoMessage status, Instant now) {
    Duration up = Duration.between(TimeRange.ofUnixNanos(status.number("startedUnixNanos")), now);
    StringBuilder text = new StringBuilder();
    text.append("colony ")
        .append(TextTable.printable(status.text("colonyId")))
        .append("  up ")
        .append(Figures.span(up))
        .append("  version ")
        .append(status.text("version"))
        .append('\n')
        .append("agents ")
        .append(status.number("agentsHealthy"))
        .append(" healthy of ")
        .append(status.number("agentsTotal"))
        .append("  cpu ")
        .append(AgentStatusCommand.cpu(status, up))
        .append("  rss ")
        .append(Figures.bytes(status.number("residentBytes")))
        .append("  stored ")
        .append(Figures.bytes(status.number("storedBytes")))
        .append('\n');
    List<ProtoMessage> nodes = status.messages("nodes");
    if (nodes.size() > 1) {
      TextTable table = TextTable.of("Node", "State", "Heard", "Agents", "API", "Version");
      for (ProtoMessage node : nodes) {
        table.add(
            node.text("name"),
            node.text("state"),
            Figures.span(Duration.ofMillis(node.number("heardMillisAgo"))) + " ago",
            Figures.count(node.number("agents")),
            node.text("api"),
            node.text("version"));
      }
      text.append('\n').append(table.text());
    }
    for (String loss : status.texts("losses")) {
      text.append("! ").append(TextTable.printable(loss)).append('\n');
    }
    var losses = AgentStatusCommand.losses(status);
    if (!losses.isEmpty()) {
      TextTable table = TextTable.of("Loss", "Count");
      losses.forEach((name, count) -> table.add(name, Figures.count(count)));
      text.append('\n').append(table.text());
    }
    return text.toString();
  }

  private static JsonObject json(ProtoMessage status) {
    JsonObject json = new JsonObject();
    json.addProperty("colony_id", status.text("colonyId"));
    json.addProperty("version", status.text("version"));
    json.addProperty(
        "started", TimeRange.ofUnixNanos(status.number("startedUnixNanos")).toString());
    json.addProperty("agents_total", status.number("agentsTotal"));
    json.addProperty("agents_healthy", status.number("agentsHealthy"));
    json.add("counters", AnswerJson.numbers(status.numbers("counters")));
    json.addProperty("cpu_seconds", status.decimal("cpuSeconds"));
    json.addProperty("resident_bytes", status.number("residentBytes"));
    json.addProperty("stored_bytes", status.number("storedBytes"));
    JsonArray nodes = new JsonArray();
    for (ProtoMessage each : status.messages("nodes")) {
      JsonObject node = new JsonObject();
      node.addProperty("name", each.text("name"));
      node.addProperty("state", each.text("state"));
      node.addProperty("heard_ms_ago", each.number("heardMillisAgo"));
      node.addProperty("agents", each.number("agents"));
      node.addProperty("api", each.text("api"));
      node.addProperty("version", each.text("version"));
      nodes.add(node);
    }
    json.add("nodes", nodes);
    json.add("losses", AnswerJson.texts(status.texts("losses")));
    return json;
  }
}
