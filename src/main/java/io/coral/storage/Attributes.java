package io.coral.storage;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Map;
import java.util.TreeMap;

/// The column `attributes`: a JSON object of strings.
final class Attributes {
  private Attributes() {}

  /// A new map, by name.
  static Map<String, String> parse(String json) {
    Map<String, String> attributes = new TreeMap<>();
    JsonObject object = JsonParser.parseString(json).getAsJsonObject();
    for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
      attributes.put(entry.getKey(), entry.getValue().getAsString());
    }
    return attributes;
  }
}
