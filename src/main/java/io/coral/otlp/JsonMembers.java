package io.coral.otlp;

/// Adds members to a JSON object that is being written, without its braces. What is empty or zero
/// is left out.
final class JsonMembers {
  private JsonMembers() {}

  static void text(StringBuilder json, String name, String value) throws RejectedItemException {
    if (!value.isEmpty()) {
      name(json, name);
      AnyValueJson.string(json, value);
    }
  }

  /// @param items the JSON of the list's items
  static void list(StringBuilder json, String name, StringBuilder items) {
    if (!items.isEmpty()) {
      name(json, name);
      json.append('[').append(items).append(']');
    }
  }

  static void count(StringBuilder json, String name, long value) {
    if (value != 0) {
      name(json, name);
      json.append(value);
    }
  }

  /// Adds the `KeyValue`s that a message has under a tag as an object.
  static void attributes(StringBuilder json, String name, byte[] bytes, int from, int to, int tag)
      throws MalformedPayloadException, RejectedItemException {
    StringBuilder members = new StringBuilder();
    if (AnyValueJson.members(members, bytes, from, to, tag, 1) > 0) {
      AnyValueJson.checkLength(json, members.length());
      name(json, name);
      json.append('{').append(members).append('}');
    }
  }

  /// Begins a member whose value the caller writes.
  static void name(StringBuilder json, String name) {
    boolean first = json.isEmpty() || json.charAt(json.length() - 1) == '{';
    json.append(first ? "\"" : ",\"").append(name).append("\":");
  }
}
