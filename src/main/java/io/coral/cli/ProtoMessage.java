package io.coral.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A message in proto-JSON: fields by their lowerCamelCase names, 64-bit integers perhaps as
/// strings, and a field that is not there has its default value.
///
/// @param json what arrived
record ProtoMessage(JsonObject json) {

  String text(String field) {
    JsonElement value = json.get(field);
    return value == null || value.isJsonNull() ? "" : value.getAsString();
  }

  long number(String field) {
    return number(json.get(field));
  }

  double decimal(String field) {
    JsonElement value = json.get(field);
    return value == null || value.isJsonNull() ? 0 : Double.parseDouble(value.getAsString());
  }

  boolean flag(String field) {
    JsonElement value = json.get(field);
    return value != null && !value.isJsonNull() && value.getAsBoolean();
  }

  ProtoMessage message(String field) {
    return json.get(field) instanceof JsonObject object
        ? new ProtoMessage(object)
        : new ProtoMessage(new JsonObject());
  }

  List<ProtoMessage> messages(String field) {
    List<ProtoMessage> messages = new ArrayList<>();
    for (JsonElement element : elements(field)) {
      messages.add(new ProtoMessage(element.getAsJsonObject()));
    }
    return messages;
  }

  List<String> texts(String field) {
    List<String> texts = new ArrayList<>();
    for (JsonElement element : elements(field)) {
      texts.add(element.getAsString());
    }
    return texts;
  }

  /// A map of integers in the order of the keys as sent.
  Map<String, Long> numbers(String field) {
    Map<String, Long> numbers = new LinkedHashMap<>();
    if (json.get(field) instanceof JsonObject object) {
      object.entrySet().forEach(entry -> numbers.put(entry.getKey(), number(entry.getValue())));
    }
    return numbers;
  }

  Map<String, String> textMap(String field) {
    Map<String, String> texts = new LinkedHashMap<>();
    if (json.get(field) instanceof JsonObject object) {
      object.entrySet().forEach(entry -> texts.put(entry.getKey(), entry.getValue().getAsString()));
    }
    return texts;
  }

  private Iterable<JsonElement> elements(String field) {
    JsonElement value = json.get(field);
    return value != null && value.isJsonArray() ? value.getAsJsonArray() : List.of();
  }

  private static long number(@Nullable JsonElement value) {
    if (value == null || value.isJsonNull()) {
      return 0;
    }
    String digits = value.getAsString();
    return digits.startsWith("-") || digits.indexOf('.') >= 0
        ? value.getAsBigDecimal().longValue()
        : Long.parseUnsignedLong(digits);
  }
}
