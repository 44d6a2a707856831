package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED32;
import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.Repetition;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.model.Texts;
import io.coral.model.VaryingText;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads an `ExportTraceServiceRequest` (opentelemetry.proto.collector.trace.v1) into rows of
/// [StreamSchema#SPANS], without an object for a message or a string.
///
/// Strings become numbers of a dictionary that many batches share; it is begun anew when it has
/// grown large. One thread; about 1 µs a span with eleven attributes.
public final class SpanDecoder {
  /// Attributes of a span, and events and links of it, that are kept.
  static final int MAX_ITEMS = 128;

  private static final int MAX_TEXTS = 1 << 17;
  private static final long MAX_TEXT_BYTES = 8 << 20;
  private static final int EXPECTED_SPANS = 512;
  private static final int PLAIN_BYTES = 1024;
  private static final int WATCHED = 4096;
  private static final VarHandle BIG_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private static final int FIRST = 1 << 3 | LENGTH_DELIMITED;
  private static final int SECOND = 2 << 3 | LENGTH_DELIMITED;
  private static final int THIRD = 3 << 3 | LENGTH_DELIMITED;

  private static final int SPAN_TRACE_ID = FIRST;
  private static final int SPAN_ID = SECOND;
  private static final int SPAN_TRACE_STATE = THIRD;
  private static final int SPAN_PARENT = 4 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_NAME = 5 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_KIND = 6 << 3 | VARINT;
  private static final int SPAN_START = 7 << 3 | FIXED64;
  private static final int SPAN_END = 8 << 3 | FIXED64;
  private static final int SPAN_ATTRIBUTE = 9 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_DROPPED_ATTRIBUTES = 10 << 3 | VARINT;
  private static final int SPAN_EVENT = 11 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_DROPPED_EVENTS = 12 << 3 | VARINT;
  private static final int SPAN_LINK = 13 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_DROPPED_LINKS = 14 << 3 | VARINT;
  private static final int SPAN_STATUS = 15 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_FLAGS = 16 << 3 | FIXED32;

  private static final int VALUE_STRING = 1 << 3 | LENGTH_DELIMITED;
  private static final int VALUE_INT = 3 << 3 | VARINT;

  private static final Role[] ROLES = {
    Role.UNSPECIFIED, Role.INTERNAL, Role.SERVER, Role.CLIENT, Role.PRODUCER, Role.CONSUMER
  };
  private static final List<String> GRPC_CODES =
      List.of(
          "OK",
          "CANCELLED",
          "UNKNOWN",
          "INVALID_ARGUMENT",
          "DEADLINE_EXCEEDED",
          "NOT_FOUND",
          "ALREADY_EXISTS",
          "PERMISSION_DENIED",
          "RESOURCE_EXHAUSTED",
          "FAILED_PRECONDITION",
          "ABORTED",
          "OUT_OF_RANGE",
          "UNIMPLEMENTED",
          "INTERNAL",
          "UNAVAILABLE",
          "DATA_LOSS",
          "UNAUTHENTICATED");

  private final Clock clock;
  private final ProtobufReader resourceSpans = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader scopeSpans = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader span = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader inner = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader value = new ProtobufReader(new byte[0], 0, 0);
  private final SpanFacts facts = new SpanFacts();
  private final long[] said = new long[Semantic.values().length];
  private Vocabulary words = new Vocabulary();

  /// The dictionary and what was found out about its words.
  private static final class Vocabulary {
    final Texts texts = new Texts();
    final Repetition repetition = new Repetition(WATCHED);
    final Texts resources = new Texts();
    final Texts scopes = new Texts();
    final Map<Long, Integer> pairs = new HashMap<>();
    final int empty = texts.idOf("");

    // By the number of the resource or scope; 0, which is no such JSON, until it is made.
    int[] resourceJson = new int[16];
    int[] resourceService = new int[16];
    int[] scopeJson = new int[16];

    // Ordinal plus two; one says that the key says nothing.
    byte[] semantics = new byte[256];

    boolean isLarge() {
      return texts.size() + resources.size() + scopes.size() + pairs.size() > MAX_TEXTS
          || texts.bytes() + resources.bytes() + scopes.bytes() > MAX_TEXT_BYTES;
    }

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
  }

  /// What is gathered of one payload.
  private static final class Payload {
    final byte[] bytes;
    final ColumnBatch.Builder rows;
    final SpanVisitor visitor;
    long rejected;
    String message = "";

    Payload(byte[] bytes, ColumnBatch.Builder rows, SpanVisitor visitor) {
      this.bytes = bytes;
      this.rows = rows;
      this.visitor = visitor;
    }

    void reject(long items, String why) {
      message = rejected == 0 ? why : message;
      rejected += items;
    }
  }

  public SpanDecoder(Clock clock) {
    this.clock = clock;
  }

  /// Decodes a payload. The visitor has seen spans of a payload that turns out to be malformed,
  /// too.
  ///
  /// @param bytes is not kept
  public DecodedSpans decode(byte[] bytes, int from, int to, SpanVisitor visitor)
      throws MalformedPayloadException {
    if (words.isLarge()) {
      words = new Vocabulary();
    }
    Payload payload =
        new Payload(
            bytes,
            new ColumnBatch.Builder(StreamSchema.SPANS, EXPECTED_SPANS, words.texts),
            visitor);
    ProtobufReader request = new ProtobufReader(bytes, from, to);
    while (request.next()) {
      if (request.tag() == FIRST) {
        request.slice();
        resourceSpans(payload, request.start(), request.end());
      } else {
        request.skip();
      }
    }
    return new DecodedSpans(payload.rows.build(), payload.rejected, payload.message);
  }

  private void resourceSpans(Payload payload, int from, int to) throws MalformedPayloadException {
    int resource;
    try {
      resource = resource(payload.bytes, from, to);
    } catch (TooDeepException e) {
      payload.reject(countSpans(payload.bytes, from, to), "resource " + e.getMessage());
      return;
    }
    facts.service = words.resourceService[resource];
    resourceSpans.reset(payload.bytes, from, to);
    while (resourceSpans.next()) {
      if (resourceSpans.tag() == SECOND) {
        resourceSpans.slice();
        scopeSpans(
            payload, words.resourceJson[resource], resourceSpans.start(), resourceSpans.end());
      } else {
        resourceSpans.skip();
      }
    }
  }

  private static long countSpans(byte[] bytes, int from, int to) throws MalformedPayloadException {
    long spans = 0;
    ProtobufReader outer = new ProtobufReader(bytes, from, to);
    while (outer.next()) {
      if (outer.tag() != SECOND) {
        outer.skip();
        continue;
      }
      outer.slice();
      ProtobufReader scope = new ProtobufReader(bytes, outer.start(), outer.end());
      while (scope.next()) {
        spans += scope.tag() == SECOND ? 1 : 0;
        scope.skip();
      }
    }
    return spans;
  }

  /// The number of a resource with its schema, whose JSON is made when it is seen first.
  private int resource(byte[] bytes, int from, int to)
      throws MalformedPayloadException, TooDeepException {
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
        case THIRD -> {
          reader.slice();
          schema = text(bytes, reader.start(), reader.end());
        }
        default -> reader.skip();
      }
    }
    int id =
        schema.isEmpty()
            ? words.resources.idOf(bytes, start, end)
            : words.resources.idOf(
                joined(bytes, start, end, schema), 0, end - start + utf8(schema));
    words.resourceJson = withRoom(words.resourceJson, id);
    words.resourceService = withRoom(words.resourceService, id);
    if (words.resourceJson[id] == 0) {
      StringBuilder json = new StringBuilder("{\"attributes\":{");
      AnyValueJson.members(json, bytes, start, end, FIRST, 1);
      json.append('}');
      schema(json, schema);
      words.resourceService[id] = words.texts.idOf(ServiceNames.of(bytes, start, end));
      words.resourceJson[id] = words.texts.idOf(json.append('}').toString());
    }
    return id;
  }

  private static void schema(StringBuilder json, String schema) {
    if (!schema.isEmpty()) {
      json.append(",\"schema_url\":");
      AnyValueJson.string(json, schema);
    }
  }

  private static int utf8(String value) {
    return value.getBytes(StandardCharsets.UTF_8).length;
  }

  private static byte[] joined(byte[] bytes, int from, int to, String more) {
    byte[] suffix = more.getBytes(StandardCharsets.UTF_8);
    byte[] joined = Arrays.copyOfRange(bytes, from, to + suffix.length);
    System.arraycopy(suffix, 0, joined, to - from, suffix.length);
    return joined;
  }

  private static int[] withRoom(int[] values, int index) {
    return index < values.length ? values : Arrays.copyOf(values, 2 * index + 1);
  }

  private static String text(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, StandardCharsets.UTF_8);
  }

  private void scopeSpans(Payload payload, int resource, int from, int to)
      throws MalformedPayloadException {
    int scope;
    try {
      // The array may be another one afterwards.
      int number = scope(payload.bytes, from, to);
      scope = words.scopeJson[number];
    } catch (TooDeepException e) {
      long spans = 0;
      scopeSpans.reset(payload.bytes, from, to);
      while (scopeSpans.next()) {
        spans += scopeSpans.tag() == SECOND ? 1 : 0;
        scopeSpans.skip();
      }
      payload.reject(spans, "scope " + e.getMessage());
      return;
    }
    scopeSpans.reset(payload.bytes, from, to);
    while (scopeSpans.next()) {
      if (scopeSpans.tag() == SECOND) {
        scopeSpans.slice();
        try {
          span(payload, resource, scope, scopeSpans.start(), scopeSpans.end());
        } catch (TooDeepException e) {
          payload.rows.dropAttributes();
          payload.reject(1, "span " + e.getMessage());
        }
      } else {
        scopeSpans.skip();
      }
    }
  }

  private int scope(byte[] bytes, int from, int to)
      throws MalformedPayloadException, TooDeepException {
    ProtobufReader reader = scopeSpans;
    reader.reset(bytes, from, to);
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
        case THIRD -> {
          reader.slice();
          schema = text(bytes, reader.start(), reader.end());
        }
        default -> reader.skip();
      }
    }
    int id =
        schema.isEmpty()
            ? words.scopes.idOf(bytes, start, end)
            : words.scopes.idOf(joined(bytes, start, end, schema), 0, end - start + utf8(schema));
    words.scopeJson = withRoom(words.scopeJson, id);
    if (words.scopeJson[id] == 0) {
      words.scopeJson[id] = words.texts.idOf(scopeJson(bytes, start, end, schema));
    }
    return id;
  }

  private static String scopeJson(byte[] bytes, int from, int to, String schema)
      throws MalformedPayloadException, TooDeepException {
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    String name = "";
    String version = "";
    while (reader.next()) {
      switch (reader.tag()) {
        case FIRST -> {
          reader.slice();
          name = text(bytes, reader.start(), reader.end());
        }
        case SECOND -> {
          reader.slice();
          version = text(bytes, reader.start(), reader.end());
        }
        default -> reader.skip();
      }
    }
    StringBuilder json = new StringBuilder("{\"name\":");
    AnyValueJson.string(json, name);
    if (!version.isEmpty()) {
      json.append(",\"version\":");
      AnyValueJson.string(json, version);
    }
    StringBuilder attributes = new StringBuilder();
    if (AnyValueJson.members(attributes, bytes, from, to, THIRD, 1) > 0) {
      json.append(",\"attributes\":{").append(attributes).append('}');
    }
    schema(json, schema);
    return json.append('}').toString();
  }

  private void span(Payload payload, int resource, int scope, int from, int to)
      throws MalformedPayloadException, TooDeepException {
    byte[] bytes = payload.bytes;
    Texts texts = words.texts;
    ColumnBatch.Builder rows = payload.rows;
    int traceLength = 0;
    int spanLength = 0;
    int parentLength = 0;
    int nameStart = from;
    int nameEnd = from;
    String traceState = "";
    String message = "";
    int kind = 0;
    long start = 0;
    long end = 0;
    long flags = 0;
    int attributes = 0;
    long droppedAttributes = 0;
    boolean details = false;
    facts.outcome = 0;
    facts.parentSpanId = 0;
    Arrays.fill(said, -1);
    span.reset(bytes, from, to);
    while (span.next()) {
      switch (span.tag()) {
        case SPAN_TRACE_ID -> {
          traceLength = span.slice();
          if (traceLength == 16) {
            facts.traceHigh = (long) BIG_ENDIAN.get(bytes, span.start());
            facts.traceLow = (long) BIG_ENDIAN.get(bytes, span.start() + 8);
          }
        }
        case SPAN_ID -> {
          spanLength = span.slice();
          facts.spanId = spanLength == 8 ? (long) BIG_ENDIAN.get(bytes, span.start()) : 0;
        }
        case SPAN_PARENT -> {
          parentLength = span.slice();
          facts.parentSpanId = parentLength == 8 ? (long) BIG_ENDIAN.get(bytes, span.start()) : 0;
        }
        case SPAN_TRACE_STATE -> {
          span.slice();
          traceState = text(bytes, span.start(), span.end());
        }
        case SPAN_NAME -> {
          span.slice();
          nameStart = span.start();
          nameEnd = span.end();
        }
        case SPAN_KIND -> kind = (int) span.varint();
        case SPAN_START -> start = span.fixed64();
        case SPAN_END -> end = span.fixed64();
        case SPAN_FLAGS -> flags = Integer.toUnsignedLong(span.fixed32());
        case SPAN_ATTRIBUTE -> {
          span.slice();
          if (attributes++ < MAX_ITEMS) {
            attribute(rows, bytes, span.start(), span.end());
          } else {
            droppedAttributes++;
          }
        }
        case SPAN_STATUS -> {
          span.slice();
          message = status(bytes, span.start(), span.end());
        }
        case SPAN_DROPPED_ATTRIBUTES -> droppedAttributes += span.varint() & 0xffffffffL;
        case SPAN_EVENT, SPAN_LINK, SPAN_DROPPED_EVENTS, SPAN_DROPPED_LINKS -> {
          details = true;
          span.skip();
        }
        default -> span.skip();
      }
    }
    String wrong = wrongId(traceLength, spanLength, parentLength);
    if (!wrong.isEmpty()) {
      rows.dropAttributes();
      payload.reject(1, wrong);
      return;
    }
    times(start, end);
    facts.role = (kind >= 0 && kind < ROLES.length ? ROLES[kind] : Role.UNSPECIFIED).code();
    operation();
    if (!payload.visitor.visit(facts, texts)) {
      rows.dropAttributes();
      return;
    }
    String more =
        details || droppedAttributes > 0 || !message.isEmpty() || !traceState.isEmpty()
            ? SpanDetails.json(bytes, from, to, message, traceState, droppedAttributes, MAX_ITEMS)
            : "";
    rows.add(facts.traceHigh, facts.traceLow)
        .add(facts.spanId)
        .add(facts.parentSpanId)
        .addText(facts.service)
        .addText(texts.idOf(bytes, nameStart, nameEnd))
        .add(facts.role)
        .add(facts.startUnixNanos)
        .add(facts.durationNanos)
        .add(facts.status)
        .addText(facts.system)
        .addText(facts.method)
        .addText(facts.route)
        .add(facts.outcome)
        .addText(resource)
        .addText(scope)
        .add(flags)
        .add(more)
        .endAttributes();
  }

  private String wrongId(int traceLength, int spanLength, int parentLength) {
    if (traceLength != 16 || (facts.traceHigh == 0 && facts.traceLow == 0)) {
      return "trace_id: "
          + (traceLength == 16 ? "all zero" : traceLength + " bytes")
          + " (expected: 16 bytes that are not all zero)";
    }
    if (spanLength != 8 || facts.spanId == 0) {
      return "span_id: "
          + (spanLength == 8 ? "all zero" : spanLength + " bytes")
          + " (expected: 8 bytes that are not all zero)";
    }
    return parentLength == 0 || parentLength == 8
        ? ""
        : "parent_span_id: " + parentLength + " bytes (expected: 8 or none)";
  }

  /// No time is before 1970 or after 2262, and none ends before it starts.
  private void times(long start, long end) {
    long from = start > 0 ? start : end > 0 ? end : clock.millis() * 1_000_000;
    facts.startUnixNanos = from;
    facts.durationNanos = end > from ? end - from : 0;
  }

  private String status(byte[] bytes, int from, int to) throws MalformedPayloadException {
    String message = "";
    inner.reset(bytes, from, to);
    while (inner.next()) {
      switch (inner.tag()) {
        case SECOND -> {
          inner.slice();
          message = text(bytes, inner.start(), inner.end());
        }
        case 3 << 3 -> {
          long code = inner.varint();
          facts.outcome = code == 1 || code == 2 ? (int) code : 0;
        }
        default -> inner.skip();
      }
    }
    return message;
  }

  private void attribute(ColumnBatch.Builder rows, byte[] bytes, int from, int to)
      throws MalformedPayloadException, TooDeepException {
    Texts texts = words.texts;
    inner.reset(bytes, from, to);
    int key = words.empty;
    int valueStart = from;
    int valueEnd = from;
    while (inner.next()) {
      switch (inner.tag()) {
        case FIRST -> {
          inner.slice();
          key = texts.idOf(bytes, inner.start(), inner.end());
        }
        case SECOND -> {
          inner.slice();
          valueStart = inner.start();
          valueEnd = inner.end();
        }
        default -> inner.skip();
      }
    }
    int semantic = words.semanticOf(key);
    value.reset(bytes, valueStart, valueEnd);
    int tag = value.next() ? value.tag() : 0;
    if (tag == VALUE_STRING) {
      int length = value.slice();
      if (value.atEnd()) {
        string(rows, bytes, key, semantic, length);
        return;
      }
    } else if (tag == VALUE_INT) {
      long number = value.varint();
      if (value.atEnd()) {
        rows.attribute(key, AttributeLists.LONG, number);
        if (semantic >= 0) {
          // Statuses and the like; others are not looked at.
          said[semantic] = -2 - Math.max(0, Math.min(number, 1_000_000));
        }
        return;
      }
    }
    StringBuilder json = new StringBuilder();
    AnyValueJson.write(json, bytes, valueStart, valueEnd, 1);
    rows.attribute(key, AttributeLists.JSON, texts.idOf(json.toString()));
  }

  private void string(ColumnBatch.Builder rows, byte[] bytes, int key, int semantic, int length) {
    Texts texts = words.texts;
    if (semantic < 0 && length > PLAIN_BYTES) {
      rows.plainAttribute(key, Arrays.copyOfRange(bytes, value.start(), value.end()));
      return;
    }
    boolean mayVary = semantic < 0 || semantic == Semantic.URL_PATH.ordinal();
    if (mayVary && words.repetition.hardlyRepeats(key)) {
      if (semantic >= 0) {
        said[semantic] = words.empty;
      }
      VaryingText.add(rows, key, bytes, value.start(), value.end());
      return;
    }
    int before = texts.size();
    int id = texts.idOf(bytes, value.start(), value.end());
    words.repetition.note(key, id == before);
    rows.attribute(key, AttributeLists.TEXT, id);
    if (semantic >= 0) {
      said[semantic] = id;
    }
  }

  /// The operation that the attributes name. What is said is a text's number, or -2 minus a number.
  private void operation() {
    facts.system = words.empty;
    facts.method = words.empty;
    facts.route = words.empty;
    facts.path = words.empty;
    facts.status = -1;
    facts.request = SpanFacts.NO_REQUEST;
    if (said(Semantic.RPC_SYSTEM) >= 0) {
      facts.system = text(Semantic.RPC_SYSTEM);
      facts.request = RequestKind.GRPC.ordinal();
      facts.method = rpcMethod();
      facts.status = rpcStatus();
    } else if (said(Semantic.DB_SYSTEM) >= 0) {
      facts.system = text(Semantic.DB_SYSTEM);
      facts.request = RequestKind.SQL.ordinal();
      facts.method = text(Semantic.DB_OPERATION);
      facts.route = text(Semantic.DB_TARGET);
    } else if (said(Semantic.MESSAGING_SYSTEM) >= 0) {
      facts.system = text(Semantic.MESSAGING_SYSTEM);
      facts.request = RequestKind.MESSAGING.ordinal();
      facts.method = text(Semantic.MESSAGING_OPERATION);
      facts.route = text(Semantic.MESSAGING_TARGET);
    } else if (said(Semantic.HTTP_METHOD) >= 0) {
      facts.system = words.texts.idOf("http");
      facts.request = RequestKind.HTTP.ordinal();
      facts.method = text(Semantic.HTTP_METHOD);
      facts.route = text(Semantic.HTTP_ROUTE);
      facts.path = facts.route == words.empty ? text(Semantic.URL_PATH) : words.empty;
      facts.status = number(Semantic.HTTP_STATUS, 0);
    }
  }

  private long said(Semantic semantic) {
    return said[semantic.ordinal()];
  }

  private int text(Semantic semantic) {
    return said(semantic) >= 0 ? (int) said(semantic) : words.empty;
  }

  private int number(Semantic semantic, int otherwise) {
    long what = said(semantic);
    if (what <= -2) {
      return (int) (-2 - what);
    }
    if (what == -1) {
      return otherwise;
    }
    try {
      return Integer.parseInt(words.texts.text((int) what));
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  private int rpcStatus() {
    int status = number(Semantic.RPC_STATUS, -1);
    return status < 0 && said(Semantic.RPC_STATUS) >= 0
        ? GRPC_CODES.indexOf(words.texts.text(text(Semantic.RPC_STATUS)))
        : status;
  }

  /// `/package.Service/Method`, as it is called on the wire.
  private int rpcMethod() {
    int service = text(Semantic.RPC_SERVICE);
    int method = text(Semantic.RPC_METHOD);
    return words.pairs.computeIfAbsent(
        (long) service << 32 | method,
        _ -> {
          String name = words.texts.text(method);
          String of = words.texts.text(service);
          String full = of.isEmpty() ? name : of + "/" + name;
          return words.texts.idOf(full.isEmpty() || full.startsWith("/") ? full : "/" + full);
        });
  }
}
