package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED32;
import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;

import java.util.HexFormat;

/// What a span has beside its columns, as JSON: `status_message`, `trace_state`,
/// `events`, `links` and how many attributes, events
/// and links are missing.
final class SpanDetails {
  private static final int EVENT = 11 << 3 | LENGTH_DELIMITED;
  private static final int DROPPED_EVENTS = 12 << 3;
  private static final int LINK = 13 << 3 | LENGTH_DELIMITED;
  private static final int DROPPED_LINKS = 14 << 3;

  private SpanDetails() {}

  /// @param droppedAttributes how many attributes are missing
  static String json(
      byte[] bytes, int from, int to, String message, String traceState, long droppedAttributes)
      throws MalformedPayloadException, RejectedItemException {
    StringBuilder events = new StringBuilder();
    StringBuilder links = new StringBuilder();
    long droppedEvents = 0;
    long droppedLinks = 0;
    int eventCount = 0;
    int linkCount = 0;
    ProtobufReader span = new ProtobufReader(bytes, from, to);
    while (span.next()) {
      switch (span.tag()) {
        case EVENT -> {
          span.slice();
          if (eventCount++ < PayloadReader.MAX_ITEMS) {
            events.append(events.isEmpty() ? "" : ",");
            event(events, bytes, span.start(), span.end());
          } else {
            droppedEvents++;
          }
        }
        case LINK -> {
          span.slice();
          if (linkCount++ < PayloadReader.MAX_ITEMS) {
            links.append(links.isEmpty() ? "" : ",");
            link(links, bytes, span.start(), span.end());
          } else {
            droppedLinks++;
          }
        }
        case DROPPED_EVENTS -> droppedEvents += PayloadReader.count(span);
        case DROPPED_LINKS -> droppedLinks += PayloadReader.count(span);
        default -> span.skip();
      }
    }
    StringBuilder json = new StringBuilder();
    JsonMembers.text(json, "status_message", message);
    JsonMembers.text(json, "trace_state", traceState);
    JsonMembers.list(json, "events", events);
    JsonMembers.list(json, "links", links);
    JsonMembers.count(json, "dropped_attributes_count", droppedAttributes);
    JsonMembers.count(json, "dropped_events_count", droppedEvents);
    JsonMembers.count(json, "dropped_links_count", droppedLinks);
    return json.isEmpty() ? "" : json.insert(0, '{').append('}').toString();
  }

  private static void event(StringBuilder json, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader event = new ProtobufReader(bytes, from, to);
    long time = 0;
    long dropped = 0;
    int nameStart = from;
    int nameEnd = from;
    while (event.next()) {
      switch (event.tag()) {
        case 1 << 3 | FIXED64 -> time = event.fixed64();
        case 2 << 3 | LENGTH_DELIMITED -> {
          event.slice();
          nameStart = event.start();
          nameEnd = event.end();
        }
        case 4 << 3 -> dropped = PayloadReader.count(event);
        default -> event.skip();
      }
    }
    json.append("{\"name\":");
    AnyValueJson.string(json, bytes, nameStart, nameEnd);
    json.append(",\"time_unix_nano\":").append(Math.max(0, time));
    JsonMembers.attributes(json, "attributes", bytes, from, to, 3 << 3 | LENGTH_DELIMITED);
    JsonMembers.count(json, "dropped_attributes_count", dropped);
    json.append('}');
  }

  private static void link(StringBuilder json, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    ProtobufReader link = new ProtobufReader(bytes, from, to);
    String traceId = "";
    String spanId = "";
    StringBuilder traceState = new StringBuilder();
    long dropped = 0;
    long flags = 0;
    while (link.next()) {
      switch (link.tag()) {
        case 1 << 3 | LENGTH_DELIMITED -> {
          link.slice();
          traceId = HexFormat.of().formatHex(bytes, link.start(), link.end());
        }
        case 2 << 3 | LENGTH_DELIMITED -> {
          link.slice();
          spanId = HexFormat.of().formatHex(bytes, link.start(), link.end());
        }
        case 3 << 3 | LENGTH_DELIMITED -> {
          if (link.slice() > 0) {
            AnyValueJson.string(traceState, bytes, link.start(), link.end());
          }
        }
        case 5 << 3 -> dropped = PayloadReader.count(link);
        case 6 << 3 | FIXED32 -> flags = Integer.toUnsignedLong(link.fixed32());
        default -> link.skip();
      }
    }
    json.append("{\"trace_id\":\"").append(traceId).append("\",\"span_id\":\"").append(spanId);
    json.append('"');
    if (!traceState.isEmpty()) {
      json.append(",\"trace_state\":").append(traceState);
    }
    JsonMembers.attributes(json, "attributes", bytes, from, to, 4 << 3 | LENGTH_DELIMITED);
    JsonMembers.count(json, "dropped_attributes_count", dropped);
    JsonMembers.count(json, "flags", flags);
    json.append('}');
  }
}
