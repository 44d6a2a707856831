package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED32;
import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.ColumnBatch;
import io.coral.model.LogBody;
import io.coral.model.StreamSchema;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;

/// Reads an `ExportLogsServiceRequest` (opentelemetry.proto.collector.logs.v1) into rows of
/// [StreamSchema#LOGS].
///
/// A record without a time has that of its observation, or else of its arrival, and says so in its
/// details. Ids of a wrong length count as none, as the protocol demands.
public final class LogDecoder implements PayloadDecoder {
  private static final int TIME = 1 << 3 | FIXED64;
  private static final int SEVERITY = 2 << 3 | VARINT;
  private static final int SEVERITY_TEXT = 3 << 3 | LENGTH_DELIMITED;
  private static final int BODY = 5 << 3 | LENGTH_DELIMITED;
  private static final int ATTRIBUTE = 6 << 3 | LENGTH_DELIMITED;
  private static final int DROPPED_ATTRIBUTES = 7 << 3 | VARINT;
  private static final int FLAGS = 8 << 3 | FIXED32;
  private static final int TRACE_ID = 9 << 3 | LENGTH_DELIMITED;
  private static final int SPAN_ID = 10 << 3 | LENGTH_DELIMITED;
  private static final int OBSERVED_TIME = 11 << 3 | FIXED64;
  private static final int EVENT_NAME = 12 << 3 | LENGTH_DELIMITED;
  private static final int VALUE_STRING = 1 << 3 | LENGTH_DELIMITED;
  private static final byte[] NOTHING = {};

  private final Clock clock;
  private final ProtobufReader log = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader value = new ProtobufReader(new byte[0], 0, 0);
  private final AttributeDecoder attributes = new AttributeDecoder();
  private Vocabulary words = new Vocabulary();

  public LogDecoder(Clock clock) {
    this.clock = clock;
  }

  @Override
  public DecodedItems decode(byte[] bytes, int from, int to) throws MalformedPayloadException {
    words = words.forPayload(to - from);
    try {
      return reader(bytes).read(from, to);
    } finally {
      if (words.isLarge()) {
        words = new Vocabulary();
      }
    }
  }

  private PayloadReader reader(byte[] bytes) {
    return new PayloadReader(bytes, words, StreamSchema.LOGS, "log record") {
      @Override
      void item(Vocabulary.Resource resource, int scope, int logFrom, int logTo)
          throws MalformedPayloadException, RejectedItemException {
        log(this, resource, scope, logFrom, logTo);
      }
    };
  }

  private void log(PayloadReader payload, Vocabulary.Resource resource, int scope, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    byte[] bytes = payload.bytes;
    ColumnBatch.Builder rows = payload.rows;
    long time = 0;
    long observed = 0;
    long severity = 0;
    int severityText = words.empty;
    int eventName = words.empty;
    int bodyStart = from;
    int bodyEnd = from;
    long flags = 0;
    long traceHigh = 0;
    long traceLow = 0;
    long spanId = 0;
    int attributeCount = 0;
    long droppedAttributes = 0;
    attributes.begin();
    log.reset(bytes, from, to);
    while (log.next()) {
      switch (log.tag()) {
        case TIME -> time = log.fixed64();
        case OBSERVED_TIME -> observed = log.fixed64();
        case SEVERITY -> severity = (int) log.varint();
        case SEVERITY_TEXT -> {
          log.slice();
          severityText = words.texts.idOf(bytes, log.start(), log.end());
        }
        case EVENT_NAME -> {
          log.slice();
          eventName = words.texts.idOf(bytes, log.start(), log.end());
        }
        case BODY -> {
          log.slice();
          bodyStart = log.start();
          bodyEnd = log.end();
        }
        case FLAGS -> flags = Integer.toUnsignedLong(log.fixed32());
        case TRACE_ID -> {
          boolean valid = log.slice() == 16;
          traceHigh = valid ? PayloadReader.idAt(bytes, log.start()) : 0;
          traceLow = valid ? PayloadReader.idAt(bytes, log.start() + 8) : 0;
        }
        case SPAN_ID -> spanId = log.slice() == 8 ? PayloadReader.idAt(bytes, log.start()) : 0;
        case ATTRIBUTE -> {
          log.slice();
          if (attributeCount++ < PayloadReader.MAX_ITEMS) {
            attributes.read(words, rows, bytes, log.start(), log.end());
          } else {
            droppedAttributes++;
          }
        }
        case DROPPED_ATTRIBUTES -> droppedAttributes += PayloadReader.count(log);
        default -> log.skip();
      }
    }
    value.reset(bytes, bodyStart, bodyEnd);
    LogBody bodyType = bodyType(bodyStart, bodyEnd);
    byte[] body =
        switch (bodyType) {
          case NONE -> NOTHING;
          case TEXT -> Arrays.copyOfRange(bytes, value.start(), value.end());
          case JSON -> json(bytes, bodyStart, bodyEnd);
        };
    StringBuilder details = new StringBuilder();
    JsonMembers.text(
        details, "time_source", time > 0 ? "" : observed > 0 ? "observed" : "received");
    JsonMembers.count(details, "dropped_attributes_count", droppedAttributes);
    rows.add(time > 0 ? time : observed > 0 ? observed : clock.millis() * 1_000_000)
        .add(Math.max(0, observed))
        .addText(resource.service())
        .add(severity)
        .addText(severityText)
        .add(traceHigh, traceLow)
        .add(spanId)
        .add((long) bodyType.ordinal())
        .add(body)
        .addText(eventName)
        .addText(resource.json())
        .addText(scope)
        .add(flags)
        .add(details.isEmpty() ? "" : "{" + details + "}")
        .endAttributes();
  }

  /// Leaves [#value] at the string, if it is one.
  private LogBody bodyType(int from, int to) throws MalformedPayloadException {
    if (from == to) {
      return LogBody.NONE;
    }
    if (value.next() && value.tag() == VALUE_STRING) {
      value.slice();
      if (value.atEnd()) {
        return LogBody.TEXT;
      }
    }
    return LogBody.JSON;
  }

  private static byte[] json(byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    StringBuilder json = new StringBuilder();
    AnyValueJson.write(json, bytes, from, to, 1);
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }
}
