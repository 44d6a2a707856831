package io.coral.agent.ingest;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;

/// Requests of exporters, good and hostile, as bytes.
final class OtlpRequests {
  private OtlpRequests() {}

  /// A span that nothing is wrong with.
  static Span.Builder span() {
    return Span.newBuilder()
        .setTraceId(id(16))
        .setSpanId(id(8))
        .setName("GET /orders/:id")
        .setKind(Span.SpanKind.SPAN_KIND_SERVER)
        .setStartTimeUnixNano(1_700_000_000_000_000_000L)
        .setEndTimeUnixNano(1_700_000_000_005_000_000L);
  }

  static byte[] traces(Span.Builder... spans) {
    ScopeSpans.Builder scope = ScopeSpans.newBuilder();
    for (Span.Builder each : spans) {
      scope.addSpans(each);
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(
            ResourceSpans.newBuilder()
                .setResource(
                    Resource.newBuilder().addAttributes(attribute("service.name", "orders")))
                .addScopeSpans(scope))
        .build()
        .toByteArray();
  }

  static byte[] good() {
    return traces(span());
  }

  /// Input 3: lists inside each other. By hand, because protobuf's own writer would need as much
  /// stack.
  static byte[] nestedValue(int levels) {
    byte[] value = AnyValue.newBuilder().setIntValue(1).build().toByteArray();
    for (int i = 0; i < levels; i++) {
      value =
          field(AnyValue.ARRAY_VALUE_FIELD_NUMBER, field(ArrayValue.VALUES_FIELD_NUMBER, value));
    }
    byte[] attribute =
        join(
            KeyValue.newBuilder().setKey("deep").build().toByteArray(),
            field(KeyValue.VALUE_FIELD_NUMBER, value));
    byte[] span =
        join(span().build().toByteArray(), field(Span.ATTRIBUTES_FIELD_NUMBER, attribute));
    return field(
        ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER,
        field(ResourceSpans.SCOPE_SPANS_FIELD_NUMBER, field(ScopeSpans.SPANS_FIELD_NUMBER, span)));
  }

  /// A field of a message, with its tag (below 16) and length.
  private static byte[] field(int number, byte[] value) {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    head.write((number << 3) | 2);
    int rest = value.length;
    for (; rest >= 128; rest >>>= 7) {
      head.write((rest & 127) | 128);
    }
    head.write(rest);
    return join(head.toByteArray(), value);
  }

  /// Input 4: attributes on one span.
  static byte[] manyAttributes(int count) {
    Span.Builder span = span();
    for (int i = 0; i < count; i++) {
      span.addAttributes(attribute("k" + i, "v"));
    }
    return traces(span);
  }

  /// Input 5: one attribute of this length.
  static byte[] longAttribute(int length) {
    return traces(span().addAttributes(attribute("long", "x".repeat(length))));
  }

  /// Input 6: a trace id of any length, zeros or not.
  static byte[] traceId(byte[] id) {
    return traces(span().setTraceId(ByteString.copyFrom(id)));
  }

  /// Input 7: any times.
  static byte[] times(long startUnixNanos, long endUnixNanos) {
    return traces(span().setStartTimeUnixNano(startUnixNanos).setEndTimeUnixNano(endUnixNanos));
  }

  static KeyValue attribute(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  /// 64 MiB in 64 KiB.
  static byte[] bomb() {
    return gzip(new byte[64 << 20]);
  }

  static byte[] join(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  /// A message of gRPC with its five bytes.
  static byte[] framed(int flag, byte[] message) {
    return ByteBuffer.allocate(5 + message.length)
        .put((byte) flag)
        .putInt(message.length)
        .put(message)
        .array();
  }

  private static ByteString id(int length) {
    byte[] id = new byte[length];
    id[length - 1] = 7;
    return ByteString.copyFrom(id);
  }
}
