package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.List;

/// How much of what was asked for stands behind an answer.
///
/// @param asOfUnixNanos 0 when the server did not say
record Completeness(long agentsTotal, long agentsAnswered, List<String> gaps, long asOfUnixNanos) {
  Completeness {
    gaps = List.copyOf(gaps);
  }

  static Completeness of(ProtoMessage answer) {
    ProtoMessage message = answer.message("completeness");
    return new Completeness(
        message.number("agentsTotal"),
        message.number("agentsAnswered"),
        message.texts("gaps"),
        message.number("asOfUnixNanos"));
  }

  boolean partial() {
    return agentsAnswered < agentsTotal || !gaps.isEmpty();
  }

  int exitCode() {
    return partial() ? ExitCode.PARTIAL : ExitCode.OK;
  }

  /// Lines under a table, empty when nothing is missing.
  String footer() {
    StringBuilder footer = new StringBuilder();
    if (agentsAnswered < agentsTotal) {
      footer
          .append("! ")
          .append(agentsTotal - agentsAnswered)
          .append(" of ")
          .append(agentsTotal)
          .append(agentsTotal == 1 ? " agent" : " agents")
          .append(" did not answer: figures are lower bounds\n");
    } else if (!gaps.isEmpty()) {
      footer.append("! data are missing: figures are lower bounds\n");
    }
    gaps.forEach(gap -> footer.append("! ").append(TextTable.printable(gap)).append('\n'));
    return footer.toString();
  }

  JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("agents_total", agentsTotal);
    json.addProperty("agents_answered", agentsAnswered);
    JsonArray sentences = new JsonArray();
    gaps.forEach(sentences::add);
    json.add("gaps", sentences);
    if (asOfUnixNanos == 0) {
      json.add("as_of", JsonNull.INSTANCE);
    } else {
      json.addProperty("as_of", TimeRange.ofUnixNanos(asOfUnixNanos).toString());
    }
    return json;
  }
}
