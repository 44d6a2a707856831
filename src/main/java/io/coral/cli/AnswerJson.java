package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.util.Map;

/// Parts that several answers have in common, as Coral prints them: lower case with
/// underscores, numbers as numbers, times as ISO 8601.
final class AnswerJson {
  private AnswerJson() {}

  static JsonObject capabilities(ProtoMessage capabilities) {
    JsonObject json = new JsonObject();
    json.addProperty("supported", capabilities.flag("supported"));
    json.addProperty("kernel_version", capabilities.text("kernelVersion"));
    json.addProperty("tier", capabilities.text("tier"));
    json.addProperty("btf", capabilities.flag("btf"));
    json.addProperty("reason", capabilities.text("reason"));
    return json;
  }

  static JsonArray processes(Iterable<ProtoMessage> processes) {
    JsonArray array = new JsonArray();
    for (ProtoMessage each : processes) {
      JsonObject process = new JsonObject();
      process.addProperty("pid", each.number("pid"));
      process.addProperty("service", each.text("serviceName"));
      process.addProperty("name_source", each.text("nameSource"));
      process.addProperty("selected_by", each.text("selectedBy"));
      process.addProperty("exe", each.text("exe"));
      process.add("ports", ports(each.texts("ports")));
      process.addProperty("exchanges", each.number("exchanges"));
      process.add("last_exchange", time(each.number("lastExchangeUnixNanos")));
      process.addProperty("runtime", each.text("runtime"));
      array.add(process);
    }
    return array;
  }

  static JsonArray ports(Iterable<String> ports) {
    JsonArray array = new JsonArray();
    ports.forEach(port -> array.add(Integer.parseInt(port)));
    return array;
  }

  static JsonArray texts(Iterable<String> texts) {
    JsonArray array = new JsonArray();
    texts.forEach(array::add);
    return array;
  }

  static JsonObject numbers(Map<String, Long> numbers) {
    JsonObject json = new JsonObject();
    numbers.forEach(json::addProperty);
    return json;
  }

  /// An object that came as text; empty for none.
  static JsonObject object(String text) {
    return text.isEmpty() ? new JsonObject() : JsonParser.parseString(text).getAsJsonObject();
  }

  /// ISO 8601, null for 0.
  static JsonElement time(long unixNanos) {
    return unixNanos == 0
        ? JsonNull.INSTANCE
        : new JsonPrimitive(TimeRange.ofUnixNanos(unixNanos).toString());
  }
}
