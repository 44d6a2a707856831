package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.coral.model.LogLevel;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/// Log records, as a table and as JSON.
///
/// @param subject whose they are, in words
/// @param when from which time, in words
/// @param cut whether older ones were left out, beyond `limit`
record LogReport(
    String subject,
    String when,
    int limit,
    List<ProtoMessage> records,
    boolean cut,
    Completeness completeness) {
  private static final int ID_DIGITS_SHOWN = 12;
  private static final int MOST_SHOWN = 200;
  private static final DateTimeFormatter PRINTED =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT);

  LogReport {
    records = List.copyOf(records);
  }

  static LogReport of(String subject, String when, int limit, ProtoMessage answer) {
    return new LogReport(
        subject,
        when,
        limit,
        answer.messages("records"),
        answer.flag("cut"),
        Completeness.of(answer));
  }

  String table(ZoneId zone) {
    TextTable table =
        new TextTable(
            List.of("Time", "Level", "Service", "Trace ID", "Message"), List.of(23, 5, 12, 12, 30));
    for (ProtoMessage each : records) {
      String trace = each.text("traceId");
      table.add(
          PRINTED.format(TimeRange.ofUnixNanos(each.number("timeUnixNanos")).atZone(zone)),
          level(each),
          each.text("serviceName"),
          trace.isEmpty() ? "-" : trace.substring(0, Math.min(ID_DIGITS_SHOWN, trace.length())),
          message(each));
    }
    String more = cut ? "… older records were left out, see --limit " + limit + "\n" : "";
    return "Log Records (%s, %s):\n\n%s%s"
        .formatted(TextTable.printable(when), subject, table.text(), more);
  }

  /// The sender's word, else the name of the number's range.
  private static String level(ProtoMessage log) {
    if (!log.text("severityText").isEmpty()) {
      return log.text("severityText");
    }
    long number = log.number("severityNumber");
    String level = "-";
    for (LogLevel each : LogLevel.values()) {
      level = number >= each.severity() ? each.name() : level;
    }
    return level;
  }

  /// The first line, or its beginning.
  private static String message(ProtoMessage log) {
    String body = log.text("body").strip();
    if (body.isEmpty()) {
      return log.text("eventName").isEmpty() ? "-" : "event " + log.text("eventName");
    }
    List<String> lines = body.lines().toList();
    int more = lines.size() - 1;
    String first = lines.getFirst();
    return (first.length() > MOST_SHOWN ? first.substring(0, MOST_SHOWN) + "…" : first)
        + (more == 0 ? "" : " (+" + more + (more == 1 ? " line)" : " lines)"));
  }

  /// @param service the name asked for, empty = all
  JsonObject toJson(String service) {
    JsonObject json = new JsonObject();
    json.addProperty("service", service);
    JsonArray array = new JsonArray();
    records.forEach(each -> array.add(record(each)));
    json.add("records", array);
    json.addProperty("cut", cut);
    json.add("completeness", completeness.toJson());
    return json;
  }

  private static JsonObject record(ProtoMessage log) {
    JsonObject json = new JsonObject();
    json.add("time", AnswerJson.time(log.number("timeUnixNanos")));
    json.add("observed_time", AnswerJson.time(log.number("observedUnixNanos")));
    json.addProperty("service", log.text("serviceName"));
    json.addProperty("level", level(log));
    json.addProperty("severity_number", log.number("severityNumber"));
    json.addProperty("severity_text", log.text("severityText"));
    json.add("body", body(log));
    json.addProperty("body_characters_left_out", log.number("bodyCharactersLeftOut"));
    json.addProperty("trace_id", log.text("traceId"));
    json.addProperty("span_id", log.text("spanId"));
    json.addProperty("event_name", log.text("eventName"));
    for (String name : List.of("attributes", "resource", "scope", "details")) {
      json.add(name, AnswerJson.object(log.text(name)));
    }
    json.addProperty("flags", log.number("flags"));
    json.addProperty("agent_id", log.text("agentId"));
    return json;
  }

  private static JsonElement body(ProtoMessage log) {
    if (!log.json().has("body")) {
      return JsonNull.INSTANCE;
    }
    return log.flag("bodyIsJson")
        ? JsonParser.parseString(log.text("body"))
        : new JsonPrimitive(log.text("body"));
  }
}
