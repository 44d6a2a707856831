package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED32;
import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.ColumnBatch;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.model.Texts;
import java.time.Clock;

/// Reads an `ExportTraceServiceRequest` (opentelemetry.proto.collector.trace.v1) into rows of
/// [StreamSchema#SPANS], without an object for a message or a string.
///
/// Strings become numbers of a dictionary that many batches share; it is begun anew when it has
/// grown large. One thread; about 1 µs a span with eleven attributes.
public final class SpanDecoder {
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

  private static final Role[] ROLES = {
    Role.UNSPECIFIED, Role.INTERNAL, Role.SERVER, Role.CLIENT, Role.PRODUCER, Role.CONSUMER
  };

  private final Clock clock;
  private final ProtobufReader span = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader inner = new ProtobufReader(new byte[0], 0, 0);
  private final AttributeDecoder attributes = new AttributeDecoder();
  private final SpanFacts facts = new SpanFacts();
  private Vocabulary words = new Vocabulary();

  public SpanDecoder(Clock clock) {
    this.clock = clock;
  }

  /// Decodes a payload. The visitor has seen spans of a payload that turns out to be malformed,
  /// too.
  ///
  /// @param bytes is not kept
  public DecodedItems decode(byte[] bytes, int from, int to, SpanVisitor visitor)
      throws MalformedPayloadException {
    words = words.forPayload(to - from);
    try {
      return reader(bytes, visitor).read(from, to);
    } finally {
      if (words.isLarge()) {
        words = new Vocabulary();
      }
    }
  }

  private PayloadReader reader(byte[] bytes, SpanVisitor visitor) {
    return new PayloadReader(bytes, words, StreamSchema.SPANS, "span") {
      @Override
      void item(Vocabulary.Resource resource, int scope, int spanFrom, int spanTo)
          throws MalformedPayloadException, RejectedItemException {
        span(this, visitor, resource, scope, spanFrom, spanTo);
      }
    };
  }

  private void span(
      PayloadReader payload,
      SpanVisitor visitor,
      Vocabulary.Resource resource,
      int scope,
      int from,
      int to)
      throws MalformedPayloadException, RejectedItemException {
    byte[] bytes = payload.bytes;
    facts.service = resource.service();
    facts.resource = resource.json();
    facts.scope = scope;
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
    int attributeCount = 0;
    long droppedAttributes = 0;
    boolean details = false;
    facts.outcome = 0;
    facts.parentSpanId = 0;
    attributes.begin();
    span.reset(bytes, from, to);
    while (span.next()) {
      switch (span.tag()) {
        case SPAN_TRACE_ID -> {
          traceLength = span.slice();
          if (traceLength == 16) {
            facts.traceHigh = PayloadReader.idAt(bytes, span.start());
            facts.traceLow = PayloadReader.idAt(bytes, span.start() + 8);
          }
        }
        case SPAN_ID -> {
          spanLength = span.slice();
          facts.spanId = spanLength == 8 ? PayloadReader.idAt(bytes, span.start()) : 0;
        }
        case SPAN_PARENT -> {
          parentLength = span.slice();
          facts.parentSpanId = parentLength == 8 ? PayloadReader.idAt(bytes, span.start()) : 0;
        }
        case SPAN_TRACE_STATE -> traceState = PayloadReader.text(span);
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
          if (attributeCount++ < PayloadReader.MAX_ITEMS) {
            attributes.read(words, rows, bytes, span.start(), span.end());
          } else {
            droppedAttributes++;
          }
        }
        case SPAN_STATUS -> {
          span.slice();
          message = status(bytes, span.start(), span.end());
        }
        case SPAN_DROPPED_ATTRIBUTES -> droppedAttributes += PayloadReader.count(span);
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
    if (!visitor.visit(facts, texts)) {
      rows.dropAttributes();
      return;
    }
    String more =
        details || droppedAttributes > 0 || !message.isEmpty() || !traceState.isEmpty()
            ? SpanDetails.json(bytes, from, to, message, traceState, droppedAttributes)
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
        .addText(resource.json())
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
        case SECOND -> message = PayloadReader.text(inner);
        case 3 << 3 -> {
          long code = inner.varint();
          facts.outcome = code == 1 || code == 2 ? (int) code : 0;
        }
        default -> inner.skip();
      }
    }
    return message;
  }

  /// The operation that the attributes name. What is said is a text's number, or -2 minus a number.
  private void operation() {
    facts.system = words.empty;
    facts.method = words.empty;
    facts.route = words.empty;
    facts.path = words.empty;
    facts.status = -1;
    facts.request = SpanFacts.NO_REQUEST;
    if (attributes.said(Semantic.RPC_SYSTEM) >= 0) {
      facts.system = text(Semantic.RPC_SYSTEM);
      facts.request = RequestKind.GRPC.ordinal();
      facts.method = rpcMethod();
      facts.status = rpcStatus();
    } else if (attributes.said(Semantic.DB_SYSTEM) >= 0) {
      facts.system = text(Semantic.DB_SYSTEM);
      facts.request = RequestKind.SQL.ordinal();
      facts.method = text(Semantic.DB_OPERATION);
      facts.route = text(Semantic.DB_TARGET);
    } else if (attributes.said(Semantic.MESSAGING_SYSTEM) >= 0) {
      facts.system = text(Semantic.MESSAGING_SYSTEM);
      facts.request = RequestKind.MESSAGING.ordinal();
      facts.method = text(Semantic.MESSAGING_OPERATION);
      facts.route = text(Semantic.MESSAGING_TARGET);
    } else if (attributes.said(Semantic.HTTP_METHOD) >= 0) {
      facts.system = words.texts.idOf("http");
      facts.request = RequestKind.HTTP.ordinal();
      facts.method = text(Semantic.HTTP_METHOD);
      facts.route = text(Semantic.HTTP_ROUTE);
      facts.path = facts.route == words.empty ? text(Semantic.URL_PATH) : words.empty;
      facts.status = number(Semantic.HTTP_STATUS, 0);
    }
  }

  private int text(Semantic semantic) {
    return attributes.said(semantic) >= 0 ? (int) attributes.said(semantic) : words.empty;
  }

  private int number(Semantic semantic, int otherwise) {
    long what = attributes.said(semantic);
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
    return status < 0 && attributes.said(Semantic.RPC_STATUS) >= 0
        ? Semantic.grpcStatus(words.texts.text(text(Semantic.RPC_STATUS)))
        : status;
  }

  private int rpcMethod() {
    int service = text(Semantic.RPC_SERVICE);
    int method = text(Semantic.RPC_METHOD);
    return words.pairs.computeIfAbsent(
        (long) service << 32 | method,
        _ ->
            words.texts.idOf(
                Semantic.grpcMethod(words.texts.text(service), words.texts.text(method))));
  }
}
