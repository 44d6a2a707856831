package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;

import io.coral.model.Repetition;
import io.coral.model.Texts;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The strings of many payloads by number, and what was found out about them: which keys have
/// strings that hardly repeat, what keys mean, and the JSON of resources and scopes, which is made
/// when one is seen first. Begun anew when it has grown large. One thread.
final class Vocabulary {
  private static final int MAX_TEXTS = 1 << 17;
  private static final long MAX_TEXT_BYTES = 8 << 20;

  /// A payload of many short strings has one in so many bytes.
  private static final int BYTES_A_TEXT = 16;

  private static final int WATCHED = 4096;
  private static final int FIRST = 1 << 3 | LENGTH_DELIMITED;
  private static final int SECOND = 2 << 3 | LENGTH_DELIMITED;
  private static final int THIRD = 3 << 3 | LENGTH_DELIMITED;

  final Texts texts = new Texts();
  final Repetition repetition = new Repetition(WATCHED);
  final int empty = texts.idOf("");

  // Two numbers of strings, as one: the number of what they make together.
  final Map<Long, Integer> pairs = new HashMap<>();

  // Messages by their bytes. By their number: that of their JSON, or 0, which is no such JSON,
  // until it is made.
  private final Texts resources = new Texts();
  private final Texts scopes = new Texts();
  private final Texts attributes = new Texts();
  private int[] resourceJson = new int[16];
  private int[] resourceService = new int[16];
  private int[] scopeJson = new int[16];
  private int[] attributesJson = new int[16];

  // Ordinal plus two; one says that the key says nothing.
  private byte[] semantics = new byte[256];

  /// A resource by the numbers of its strings.
  record Resource(int service, int json) {}

  /// Whether it is to be begun anew.
  boolean isLarge() {
    return size() > MAX_TEXTS || bytes() > MAX_TEXT_BYTES;
  }

  /// Whether a payload has brought so many strings that their numbers would take too much memory,
  /// here and where they are stored.
  boolean isFull() {
    return size() > 2 * MAX_TEXTS || bytes() > 2 * MAX_TEXT_BYTES;
  }

  /// The vocabulary for a payload: this one, unless the payload could fill it, so that how much a
  /// payload may bring does not depend on those before it.
  Vocabulary forPayload(int payloadBytes) {
    return size() + payloadBytes / BYTES_A_TEXT > 2 * MAX_TEXTS ? new Vocabulary() : this;
  }

  private int size() {
    return texts.size() + resources.size() + scopes.size() + attributes.size() + pairs.size();
  }

  private long bytes() {
    return texts.bytes() + resources.bytes() + scopes.bytes() + attributes.bytes();
  }

  /// What a key says about an operation: an ordinal of [Semantic], negative when it says nothing.
  int semanticOf(int key) {
    if (key >= semantics.length) {
      semantics = Arrays.copyOf(semantics, Math.max(2 * semantics.length, key + 1));
    }
    if (semantics[key] == 0) {
      Semantic semantic = Semantic.of(texts.text(key));
      semantics[key] = (byte) (semantic == null ? 1 : semantic.ordinal() + 2);
    }
    return semantics[key] - 2;
  }

  /// The resource of a `ResourceSpans`, `ResourceMetrics` or `ResourceLogs`, with its schema.
  Resource resource(byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    Described described = Described.in(bytes, from, to);
    int start = described.start;
    int end = described.end;
    int id = described.idIn(resources, bytes);
    resourceJson = withRoom(resourceJson, id);
    resourceService = withRoom(resourceService, id);
    if (resourceJson[id] == 0) {
      StringBuilder json = new StringBuilder("{\"attributes\":{");
      AnyValueJson.members(json, bytes, start, end, FIRST, 1);
      json.append('}');
      resourceDetails(json, bytes, start, end);
      JsonMembers.text(json, "schema_url", described.schema);
      resourceService[id] = texts.idOf(ServiceNames.of(bytes, start, end));
      resourceJson[id] = texts.idOf(json.append('}').toString());
    }
    return new Resource(resourceService[id], resourceJson[id]);
  }

  private static void resourceDetails(StringBuilder json, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader resource = new ProtobufReader(bytes, from, to);
    StringBuilder entities = new StringBuilder();
    long dropped = 0;
    while (resource.next()) {
      switch (resource.tag()) {
        case 2 << 3 -> dropped = PayloadReader.count(resource);
        case THIRD -> {
          resource.slice();
          entities.append(entities.isEmpty() ? "{" : ",{");
          entity(entities, bytes, resource.start(), resource.end());
          entities.append('}');
        }
        default -> resource.skip();
      }
    }
    JsonMembers.count(json, "dropped_attributes_count", dropped);
    JsonMembers.list(json, "entity_refs", entities);
  }

  /// Which attributes of the resource name and describe an entity (`EntityRef` of
  /// opentelemetry.proto.common.v1).
  private static void entity(StringBuilder json, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader entity = new ProtobufReader(bytes, from, to);
    String schema = "";
    String type = "";
    StringBuilder ids = new StringBuilder();
    StringBuilder descriptions = new StringBuilder();
    while (entity.next()) {
      switch (entity.tag()) {
        case FIRST -> schema = PayloadReader.text(entity);
        case SECOND -> type = PayloadReader.text(entity);
        case THIRD -> key(ids, entity);
        case 4 << 3 | LENGTH_DELIMITED -> key(descriptions, entity);
        default -> entity.skip();
      }
    }
    JsonMembers.text(json, "schema_url", schema);
    JsonMembers.text(json, "type", type);
    JsonMembers.list(json, "id_keys", ids);
    JsonMembers.list(json, "description_keys", descriptions);
  }

  private static void key(StringBuilder list, ProtobufReader entity)
      throws MalformedPayloadException, RejectedItemException {
    list.append(list.isEmpty() ? "" : ",");
    AnyValueJson.string(list, PayloadReader.text(entity));
  }

  /// The number of the JSON of the scope of a `ScopeSpans`, `ScopeMetrics` or `ScopeLogs`, with
  /// its schema.
  int scope(byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    Described described = Described.in(bytes, from, to);
    int id = described.idIn(scopes, bytes);
    scopeJson = withRoom(scopeJson, id);
    if (scopeJson[id] == 0) {
      scopeJson[id] = texts.idOf(scopeJson(bytes, described));
    }
    return scopeJson[id];
  }

  /// The number of the JSON of a set of attributes, a message of nothing but `KeyValue`s under one
  /// tag; in the order of the keys, so that the same set has the same number.
  int attributes(byte[] bytes, int from, int to, int tag)
      throws MalformedPayloadException, RejectedItemException {
    int id = attributes.idOf(bytes, from, to);
    attributesJson = withRoom(attributesJson, id);
    if (attributesJson[id] == 0) {
      attributesJson[id] = texts.idOf(AnyValueJson.sorted(bytes, from, to, tag));
    }
    return attributesJson[id];
  }

  private static String scopeJson(byte[] bytes, Described scope)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader reader = new ProtobufReader(bytes, scope.start, scope.end);
    String name = "";
    String version = "";
    long dropped = 0;
    while (reader.next()) {
      switch (reader.tag()) {
        case FIRST -> name = PayloadReader.text(reader);
        case SECOND -> version = PayloadReader.text(reader);
        case 4 << 3 -> dropped = PayloadReader.count(reader);
        default -> reader.skip();
      }
    }
    StringBuilder json = new StringBuilder("{\"name\":");
    AnyValueJson.string(json, name);
    JsonMembers.text(json, "version", version);
    JsonMembers.attributes(json, "attributes", bytes, scope.start, scope.end, THIRD);
    JsonMembers.count(json, "dropped_attributes_count", dropped);
    JsonMembers.text(json, "schema_url", scope.schema);
    return json.append('}').toString();
  }

  private static int[] withRoom(int[] values, int index) {
    return index < values.length ? values : Arrays.copyOf(values, 2 * index + 1);
  }

  /// Where the first field of a message is, the resource or scope, and the schema beside it.
  private record Described(int start, int end, String schema) {
    static Described in(byte[] bytes, int from, int to) throws MalformedPayloadException {
      ProtobufReader reader = new ProtobufReader(bytes, from, to);
      int start = from;
      int end = from;
      String schema = "";
      while (reader.next()) {
        switch (reader.tag()) {
          case FIRST -> {
            reader.slice();
            start = reader.start();
            end = reader.end();
          }
          case THIRD -> schema = PayloadReader.text(reader);
          default -> reader.skip();
        }
      }
      return new Described(start, end, schema);
    }

    int idIn(Texts known, byte[] bytes) {
      if (schema.isEmpty()) {
        return known.idOf(bytes, start, end);
      }
      byte[] suffix = schema.getBytes(StandardCharsets.UTF_8);
      byte[] joined = Arrays.copyOfRange(bytes, start, end + suffix.length);
      System.arraycopy(suffix, 0, joined, end - start, suffix.length);
      return known.idOf(joined, 0, joined.length);
    }
  }
}
