package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "status", description = "What an agent observes, what it costs and what it lost.")
final class AgentStatusCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  AgentStatusCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    ProtoMessage status = flags.agentServer(context).ask("GetStatus", new JsonObject());
    if (flags.json()) {
      context.console().json(json(status));
    } else {
      context.console().text(table(status, context.clock().instant()));
    }
    return ExitCode.OK;
  }

  static String table(ProtoMessage status, Instant now) {
    Duration up = up(status, now);
    ProtoMessage capabilities = status.message("capabilities");
    String colony = status.text("colony");
    String tier = capabilities.text("tier");
    StringBuilder text = new StringBuilder();
    text.append(TextTable.printable(status.text("displayName")))
        .append("  up ")
        .append(Figures.span(up))
        .append("  version ")
        .append(status.text("version"))
        .append("  colony ")
        .append(colony.isEmpty() ? "none" : TextTable.printable(colony))
        .append('\n');
    text.append("kernel ")
        .append(status.text("kernelVersion"))
        .append("  tier ")
        .append(tier.isEmpty() ? "none" : tier)
        .append("  cpu ")
        .append(cpu(status, up))
        .append("  rss ")
        .append(Figures.bytes(status.number("residentBytes")))
        .append("  lost ")
        .append(Figures.count(lost(status)))
        .append('\n');
    if (!capabilities.text("reason").isEmpty()) {
      text.append("! ").append(TextTable.printable(capabilities.text("reason"))).append('\n');
    }
    for (String loss : status.texts("losses")) {
      text.append("! ").append(TextTable.printable(loss)).append('\n');
    }
    TextTable collectors = TextTable.of("Collector", "State", "Detail");
    for (ProtoMessage each : status.messages("collectors")) {
      collectors.add(each.text("name"), each.text("state"), each.text("reason"));
    }
    text.append('\n').append(collectors.text());
    text.append('\n').append(processes(status));
    Map<String, Long> losses = losses(status);
    if (!losses.isEmpty()) {
      TextTable table = TextTable.of("Loss", "Count");
      losses.forEach((name, count) -> table.add(name, Figures.count(count)));
      text.append('\n').append(table.text());
    }
    return text.toString();
  }

  private static String processes(ProtoMessage status) {
    if (status.messages("processes").isEmpty()) {
      return "Nothing is observed: coral connect NAME=:PORT selects a process.\n";
    }
    TextTable table =
        TextTable.of("Service", "PID", "Ports", "Exchanges", "Selected by", "Name from", "Exe");
    for (ProtoMessage process : status.messages("processes")) {
      table.add(
          process.text("serviceName"),
          Long.toString(process.number("pid")),
          ports(process),
          Figures.count(process.number("exchanges")),
          process.text("selectedBy"),
          process.text("nameSource"),
          process.text("exe"));
    }
    return table.text();
  }

  static String ports(ProtoMessage process) {
    return process.texts("ports").isEmpty()
        ? "-"
        : process.texts("ports").stream().map(port -> ":" + port).collect(Collectors.joining(" "));
  }

  /// Counters of what was lost; those of what was left out on purpose are not among them.
  static Map<String, Long> losses(ProtoMessage status) {
    return status.numbers("counters").entrySet().stream()
        .filter(entry -> entry.getValue() != 0)
        .filter(entry -> entry.getKey().matches(".*(dropped|lost|truncated|overflow|shed).*"))
        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue, Long::sum, TreeMap::new));
  }

  private static long lost(ProtoMessage status) {
    return losses(status).values().stream().mapToLong(Long::longValue).sum();
  }

  private static Duration up(ProtoMessage status, Instant now) {
    long startedUnixNanos = status.number("startedUnixNanos");
    return startedUnixNanos == 0
        ? Duration.ZERO
        : Duration.between(TimeRange.ofUnixNanos(startedUnixNanos), now);
  }

  static String cpu(ProtoMessage status, Duration up) {
    double seconds = Math.max(1, up.toMillis() / 1e3);
    return Figures.percent(status.decimal("cpuSeconds") / seconds) + " (average)";
  }

  static JsonObject json(ProtoMessage status) {
    JsonObject json = new JsonObject();
    json.addProperty("agent_id", status.text("agentId"));
    json.addProperty("display_name", status.text("displayName"));
    json.addProperty("version", status.text("version"));
    json.addProperty(
        "started", TimeRange.ofUnixNanos(status.number("startedUnixNanos")).toString());
    json.addProperty("kernel_version", status.text("kernelVersion"));
    json.add("capabilities", AnswerJson.capabilities(status.message("capabilities")));
    JsonArray collectors = new JsonArray();
    for (ProtoMessage each : status.messages("collectors")) {
      JsonObject collector = new JsonObject();
      collector.addProperty("name", each.text("name"));
      collector.addProperty("state", each.text("state"));
      collector.addProperty("reason", each.text("reason"));
      collectors.add(collector);
    }
    json.add("collectors", collectors);
    json.add("processes", AnswerJson.processes(status.messages("processes")));
    json.add("counters", AnswerJson.numbers(status.numbers("counters")));
    json.add("queues", AnswerJson.numbers(status.numbers("queues")));
    json.addProperty("cpu_seconds", status.decimal("cpuSeconds"));
    json.addProperty("resident_bytes", status.number("residentBytes"));
    JsonArray streams = new JsonArray();
    for (ProtoMessage each : status.messages("streams")) {
      JsonObject stream = new JsonObject();
      stream.addProperty("stream", each.text("stream"));
      stream.addProperty("epoch", Long.toUnsignedString(each.number("epoch")));
      stream.addProperty("min_seq", each.number("minSeq"));
      stream.addProperty("max_seq", each.number("maxSeq"));
      streams.add(stream);
    }
    json.add("streams", streams);
    json.addProperty("colony", status.text("colony"));
    json.add("losses", AnswerJson.texts(status.texts("losses")));
    return json;
  }
}
