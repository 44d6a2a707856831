package io.coral.otlp;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.SortedMap;
import java.util.TreeMap;

/// Writes values of attributes (`AnyValue`, `KeyValue` of opentelemetry.proto.common.v1) as JSON.
/// Integers stay integers, a floating-point number always has a point or an exponent, NaN and the
/// infinities are `{"$double": "NaN"}`, bytes are `{"$bytes": BASE64}`, a value without content is
/// `null`.
final class AnyValueJson {
  /// Levels of arrays and maps that a value may have.
  static final int MAX_DEPTH = 32;

  /// Characters that what is written together may have: a byte of a payload may become six.
  static final int MAX_LENGTH = 1 << 20;

  private static final int STRING = 1 << 3 | ProtobufReader.LENGTH_DELIMITED;
  private static final int BOOL = 2 << 3;
  private static final int INT = 3 << 3;
  private static final int DOUBLE = 4 << 3 | ProtobufReader.FIXED64;
  private static final int ARRAY = 5 << 3 | ProtobufReader.LENGTH_DELIMITED;
  private static final int MAP = 6 << 3 | ProtobufReader.LENGTH_DELIMITED;
  private static final int BYTES = 7 << 3 | ProtobufReader.LENGTH_DELIMITED;
  private static final int FIRST = 1 << 3 | ProtobufReader.LENGTH_DELIMITED;
  private static final int SECOND = 2 << 3 | ProtobufReader.LENGTH_DELIMITED;
  private static final String HEX = "0123456789abcdef";

  private AnyValueJson() {}

  /// Writes a value.
  ///
  /// @throws RejectedItemException above [#MAX_DEPTH] levels or [#MAX_LENGTH] characters
  static void write(StringBuilder json, byte[] bytes, int from, int to, int depth)
      throws MalformedPayloadException, RejectedItemException {
    if (depth > MAX_DEPTH) {
      throw new RejectedItemException("attribute: nested deeper than " + MAX_DEPTH);
    }
    checkLength(json, 0);
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    boolean written = false;
    int before = json.length();
    while (reader.next()) {
      // The last one of a oneof counts.
      if (written) {
        json.setLength(before);
      }
      written = true;
      switch (reader.tag()) {
        case STRING -> {
          reader.slice();
          string(json, bytes, reader.start(), reader.end());
        }
        case BOOL -> json.append(reader.varint() != 0);
        case INT -> json.append(reader.varint());
        case DOUBLE -> {
          double value = Double.longBitsToDouble(reader.fixed64());
          boolean isFinite = Double.isFinite(value);
          json.append(isFinite ? "" : "{\"$double\":");
          number(json, value);
          json.append(isFinite ? "" : "}");
        }
        case ARRAY -> {
          reader.slice();
          array(json, bytes, reader.start(), reader.end(), depth);
        }
        case MAP -> {
          reader.slice();
          json.append('{');
          members(json, bytes, reader.start(), reader.end(), FIRST, depth + 1);
          json.append('}');
        }
        case BYTES -> {
          reader.slice();
          checkLength(json, reader.end() - reader.start());
          json.append("{\"$bytes\":\"")
              .append(base64(bytes, reader.start(), reader.end()))
              .append("\"}");
        }
        default -> {
          reader.skip();
          written = false;
        }
      }
    }
    if (!written) {
      json.append("null");
    }
  }

  private static String base64(byte[] bytes, int from, int to) {
    byte[] value = new byte[to - from];
    System.arraycopy(bytes, from, value, 0, value.length);
    return Base64.getEncoder().encodeToString(value);
  }

  private static void array(StringBuilder json, byte[] bytes, int from, int to, int depth)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    json.append('[');
    boolean first = true;
    while (reader.next()) {
      if (reader.tag() == FIRST) {
        reader.slice();
        json.append(first ? "" : ",");
        first = false;
        write(json, bytes, reader.start(), reader.end(), depth + 1);
      } else {
        reader.skip();
      }
    }
    json.append(']');
  }

  /// Writes the members of an object: the `KeyValue`s that a message has under a tag.
  ///
  /// @return how many there were
  static int members(StringBuilder json, byte[] bytes, int from, int to, int tag, int depth)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    int count = 0;
    while (reader.next()) {
      if (reader.tag() == tag) {
        reader.slice();
        json.append(count++ == 0 ? "" : ",");
        member(json, bytes, reader.start(), reader.end(), depth);
      } else {
        reader.skip();
      }
    }
    return count;
  }

  /// An object of the `KeyValue`s that a message has under a tag, in the order of their keys; of
  /// those with the same key the last one counts.
  static String sorted(byte[] bytes, int from, int to, int tag)
      throws MalformedPayloadException, RejectedItemException {
    SortedMap<String, String> members = new TreeMap<>();
    int length = 0;
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    while (reader.next()) {
      if (reader.tag() == tag) {
        reader.slice();
        StringBuilder member = new StringBuilder();
        member(member, bytes, reader.start(), reader.end(), 1);
        checkLength(member, length);
        length += member.length();
        members.put(key(bytes, reader.start(), reader.end()), member.toString());
      } else {
        reader.skip();
      }
    }
    return "{" + String.join(",", members.values()) + "}";
  }

  private static String key(byte[] bytes, int from, int to) throws MalformedPayloadException {
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    String key = "";
    while (reader.next()) {
      if (reader.tag() == FIRST) {
        key = PayloadReader.text(reader);
      } else {
        reader.skip();
      }
    }
    return key;
  }

  private static void member(StringBuilder json, byte[] bytes, int from, int to, int depth)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    int keyStart = from;
    int keyEnd = from;
    int valueStart = from;
    int valueEnd = from;
    while (reader.next()) {
      switch (reader.tag()) {
        case FIRST -> {
          reader.slice();
          keyStart = reader.start();
          keyEnd = reader.end();
        }
        case SECOND -> {
          reader.slice();
          valueStart = reader.start();
          valueEnd = reader.end();
        }
        default -> reader.skip();
      }
    }
    string(json, bytes, keyStart, keyEnd);
    json.append(':');
    write(json, bytes, valueStart, valueEnd, depth);
  }

  /// Writes a floating-point number; NaN and the infinities as strings.
  static void number(StringBuilder json, double value) {
    if (Double.isFinite(value)) {
      json.append(value);
    } else {
      json.append('"').append(value).append('"');
    }
  }

  /// Writes a string; what is no UTF-8 becomes U+FFFD.
  static void string(StringBuilder json, byte[] utf8, int from, int to)
      throws RejectedItemException {
    checkLength(json, (to - from) / 3);
    string(json, new String(utf8, from, to - from, StandardCharsets.UTF_8));
  }

  /// Writes a string.
  static void string(StringBuilder json, String value) throws RejectedItemException {
    checkLength(json, value.length());
    json.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append("\\u00").append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
      } else {
        json.append(c);
      }
    }
    json.append('"');
    checkLength(json, 0);
  }

  /// @param more characters that are about to be written at least
  static void checkLength(StringBuilder json, int more) throws RejectedItemException {
    if (json.length() + more > MAX_LENGTH) {
      throw new RejectedItemException(
          "attributes: more than " + MAX_LENGTH + " characters as JSON");
    }
  }
}
