package io.coral.answer;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.coral.model.Role;
import io.coral.rpc.mesh.v1.ReadTraceRequest;
import io.coral.rpc.mesh.v1.ReadTraceResponse;
import io.coral.rpc.mesh.v1.StoredSpan;
import io.coral.storage.SentDetails;
import io.coral.storage.SpanRow;
import io.coral.storage.Trace;
import io.coral.storage.TraceQueries;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Traces as agents hand them to a colony: with all that is stored of their spans.
public final class SpanMessages {
  private SpanMessages() {}

  /// An agent's answer. On an event loop; reads on a worker.
  ///
  /// @param request fails with [RpcException] when its id is not one
  public static Future<ReadTraceResponse> read(
      Vertx vertx, TraceQueries traces, ReadTraceRequest request) {
    String digits = TraceIds.digits(request.getTraceId());
    return vertx.executeBlocking(() -> message(traces.find(digits)), false);
  }

  /// What was found, as a message.
  public static ReadTraceResponse message(TraceQueries.Found found) {
    ReadTraceResponse.Builder response =
        ReadTraceResponse.newBuilder().addAllTraceIds(found.traceIds());
    Trace trace = found.trace();
    if (trace != null) {
      response.setCut(trace.cut());
      trace.spans().forEach(span -> response.addSpans(message(span)));
    }
    return response.build();
  }

  private static StoredSpan message(SpanRow span) {
    StoredSpan.Builder message =
        StoredSpan.newBuilder()
            .setTraceId(span.traceId())
            .setSpanId(span.spanId())
            .setParentSpanId(span.parentSpanId())
            .setService(span.service())
            .setName(span.name())
            .setRole(span.role().code())
            .setStartUnixNanos(span.startUnixNanos())
            .setDurationNanos(span.durationNanos())
            .setStatus(span.status())
            .putAllAttributes(span.attributes());
    SentDetails sent = span.sent();
    if (sent != null) {
      JsonObject attributes = new JsonObject();
      sent.attributes().forEach(attributes::add);
      message
          .setSent(true)
          .setOutcome(sent.outcome())
          .setSystem(sent.system())
          .setTypedAttributes(attributes.toString())
          .setResource(sent.resource())
          .setScope(sent.scope())
          .setDetails(sent.details())
          .setFlags(sent.flags());
    }
    return message.build();
  }

  /// The reverse of what an agent answers.
  public static TraceQueries.Found found(ReadTraceResponse response) {
    List<String> ids = response.getTraceIdsList();
    Trace trace =
        ids.size() == 1
            ? new Trace(
                ids.getFirst(),
                response.getSpansList().stream().map(SpanMessages::span).toList(),
                response.getCut())
            : null;
    return new TraceQueries.Found(ids, trace);
  }

  private static SpanRow span(StoredSpan message) {
    return new SpanRow(
        message.getTraceId(),
        message.getSpanId(),
        message.getParentSpanId(),
        message.getService(),
        message.getName(),
        Role.ofCode(message.getRole()),
        message.getStartUnixNanos(),
        message.getDurationNanos(),
        message.getStatus(),
        message.getAttributesMap(),
        message.getSent() ? sent(message) : null);
  }

  private static @Nullable SentDetails sent(StoredSpan message) {
    Map<String, JsonElement> attributes = new LinkedHashMap<>();
    JsonParser.parseString(message.getTypedAttributes())
        .getAsJsonObject()
        .entrySet()
        .forEach(each -> attributes.put(each.getKey(), each.getValue()));
    return new SentDetails(
        message.getOutcome(),
        message.getSystem(),
        attributes,
        message.getResource(),
        message.getScope(),
        message.getDetails(),
        message.getFlags());
  }
}
