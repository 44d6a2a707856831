package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(name = "explain", description = "Why a process, port or service is seen, or is not.")
final class ExplainCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  @Parameters(index = "0", paramLabel = "PID|:PORT|SERVICE")
  String selector = "";

  ExplainCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    JsonObject request = new JsonObject();
    request.addProperty("selector", selector);
    ProtoMessage answer = flags.agentServer(context).ask("Explain", request);
    List<ProtoMessage> explanations = answer.messages("explanations");
    if (flags.json()) {
      context.console().json(json(explanations));
    }
    if (explanations.isEmpty()) {
      throw new CommandFailure(
          ExitCode.NO_DATA,
          "nothing fits '" + selector + "'",
          "no process of the agent's host has this pid, listens on this port or is this service",
          "coral agent status, or ss -ltnp on that host");
    }
    if (!flags.json()) {
      Instant now = context.clock().instant();
      explanations.forEach(each -> context.console().text(text(each, now)));
    }
    return ExitCode.OK;
  }

  private static String text(ProtoMessage explanation, Instant now) {
    StringBuilder text = new StringBuilder();
    text.append("pid ")
        .append(explanation.number("pid"))
        .append("  ")
        .append(TextTable.printable(explanation.text("exe")))
        .append("  ")
        .append(AgentStatusCommand.ports(explanation))
        .append('\n');
    if (!explanation.text("command").isEmpty()) {
      text.append("  ").append(TextTable.printable(explanation.text("command"))).append('\n');
    }
    String service = TextTable.printable(explanation.text("serviceName"));
    if (!service.isEmpty()) {
      text.append("  service ").append(service);
      if (!explanation.text("nameSource").isEmpty()) {
        text.append(" (name from: ").append(explanation.text("nameSource")).append(')');
      }
      text.append('\n');
    }
    text.append(verdict(explanation, now)).append('\n');
    for (String note : explanation.texts("notes")) {
      text.append("  ").append(TextTable.printable(note)).append('\n');
    }
    return text.toString();
  }

  private static String verdict(ProtoMessage explanation, Instant now) {
    String selectedBy = TextTable.printable(explanation.text("selectedBy"));
    String by = selectedBy.isEmpty() ? "" : ", selected by " + selectedBy;
    return switch (explanation.text("verdict")) {
      case "seen" ->
          "✓ seen: %s exchanges%s, tier %s%s"
              .formatted(
                  Figures.count(explanation.number("exchanges")),
                  last(explanation.number("lastExchangeUnixNanos"), now),
                  explanation.text("tier"),
                  by);
      case "no_traffic" -> "! observed, and no exchange was seen" + by;
      case "refused" -> "✗ refused";
      case "not_selected" -> "✗ not selected: no rule fits this process";
      default -> "! " + TextTable.printable(explanation.text("verdict")) + by;
    };
  }

  private static String last(long unixNanos, Instant now) {
    return unixNanos == 0
        ? ""
        : ", last "
            + Figures.span(Duration.between(TimeRange.ofUnixNanos(unixNanos), now))
            + " ago";
  }

  private JsonObject json(List<ProtoMessage> explanations) {
    JsonArray array = new JsonArray();
    for (ProtoMessage each : explanations) {
      JsonObject explanation = new JsonObject();
      explanation.addProperty("pid", each.number("pid"));
      explanation.addProperty("exe", each.text("exe"));
      explanation.addProperty("command", each.text("command"));
      explanation.add("ports", AnswerJson.ports(each.texts("ports")));
      explanation.addProperty("verdict", each.text("verdict"));
      explanation.addProperty("service", each.text("serviceName"));
      explanation.addProperty("name_source", each.text("nameSource"));
      explanation.addProperty("selected_by", each.text("selectedBy"));
      explanation.addProperty("exchanges", each.number("exchanges"));
      explanation.add("last_exchange", AnswerJson.time(each.number("lastExchangeUnixNanos")));
      explanation.addProperty("tier", each.text("tier"));
      explanation.add("notes", AnswerJson.texts(each.texts("notes")));
      array.add(explanation);
    }
    JsonObject json = new JsonObject();
    json.addProperty("selector", selector);
    json.add("explanations", array);
    return json;
  }
}
