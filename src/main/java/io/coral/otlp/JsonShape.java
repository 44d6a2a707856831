package io.coral.otlp;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How the JSON of one message type maps to its fields: made once from the descriptor.
/// Immutable after [#of] returns.
final class JsonShape {
  /// Fields whose bytes are hex in OTLP/JSON, not base64
  /// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), with their length.
  private static final Map<String, Integer> HEX_ID_BYTES =
      Map.of("trace_id", 16, "span_id", 8, "parent_span_id", 8);

  /// Bits of a long tell which fields were seen.
  private static final int MAX_FIELDS = 64;

  private static final Set<FieldDescriptor.Type> UNSUPPORTED = Set.of(FieldDescriptor.Type.GROUP);

  private final boolean nests;
  private final Map<String, Field> fields = new HashMap<>();

  private JsonShape(boolean nests) {
    this.nests = nests;
  }

  /// The shape of a message and of all below it.
  static JsonShape of(Descriptor message) {
    return of(message, new HashMap<>());
  }

  private static JsonShape of(Descriptor message, Map<Descriptor, JsonShape> known) {
    JsonShape before = known.get(message);
    if (before != null) {
      return before;
    }
    JsonShape shape = new JsonShape(message.getName().equals("AnyValue"));
    known.put(message, shape);
    for (FieldDescriptor each : message.getFields()) {
      if (each.isMapField()
          || UNSUPPORTED.contains(each.getType())
          || message.getFields().size() > MAX_FIELDS) {
        throw new IllegalStateException("no JSON mapping of " + each.getFullName());
      }
      Field field =
          new Field(
              each.getIndex(),
              each.getNumber(),
              each.getType(),
              each.isRepeated(),
              each.isPacked(),
              each.getType() == FieldDescriptor.Type.BYTES
                  ? HEX_ID_BYTES.getOrDefault(each.getName(), 0)
                  : 0,
              each.getType() == FieldDescriptor.Type.MESSAGE
                  ? of(each.getMessageType(), known)
                  : null,
              each.getType() == FieldDescriptor.Type.ENUM ? numbers(each) : Map.of());
      shape.fields.put(each.getJsonName(), field);
      shape.fields.put(each.getName(), field);
    }
    return shape;
  }

  private static Map<String, Integer> numbers(FieldDescriptor field) {
    Map<String, Integer> numbers = new HashMap<>();
    for (EnumValueDescriptor value : field.getEnumType().getValues()) {
      numbers.put(value.getName(), value.getNumber());
    }
    return Map.copyOf(numbers);
  }

  /// The field of this name, in lowerCamelCase or as in the `.proto`; null if there is none.
  @Nullable Field field(String name) {
    return fields.get(name);
  }

  /// True for `AnyValue`, the one type that may hold itself.
  boolean nests() {
    return nests;
  }

  /// One field.
  ///
  /// @param idBytes length of an id in hex; 0 = not an id
  /// @param message shape of the values; null = no messages
  /// @param numbers of the names of an enum
  record Field(
      int index,
      int number,
      FieldDescriptor.Type type,
      boolean repeated,
      boolean packed,
      int idBytes,
      @Nullable JsonShape message,
      Map<String, Integer> numbers) {}
}
