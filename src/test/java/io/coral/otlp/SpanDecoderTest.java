package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.coral.model.ColumnBatch;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SpanDecoderTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final long START = 1_790_000_000_000_000_000L;

  private final SpanDecoder decoder = new SpanDecoder(Clock.fixed(NOON, ZoneOffset.UTC));

  /// What the visitor saw, with its strings.
  private record Seen(
      int role, int request, String system, String method, String route, String path, int status) {}

  private final List<Seen> seen = new ArrayList<>();

  private static Span.Builder span() {
    return Span.newBuilder()
        .setTraceId(ByteString.fromHex("0af7651916cd43dd8448eb211c80319c"))
        .setSpanId(ByteString.fromHex("b7ad6b7169203331"))
        .setName("work")
        .setKind(Span.SpanKind.SPAN_KIND_SERVER)
        .setStartTimeUnixNano(START)
        .setEndTimeUnixNano(START + 1000);
  }

  private static byte[] payload(Span.Builder... spans) {
    ScopeSpans.Builder scope = ScopeSpans.newBuilder();
    for (Span.Builder each : spans) {
      scope.addSpans(each);
    }
    return ExportTraceServiceRequest.newBuilder()
        .addResourceSpans(ResourceSpans.newBuilder().addScopeSpans(scope))
        .build()
        .toByteArray();
  }

  private DecodedItems decode(byte[] bytes) throws MalformedPayloadException {
    return decoder.decode(
        bytes,
        0,
        bytes.length,
        (span, texts) ->
            seen.add(
                new Seen(
                    span.role,
                    span.request,
                    texts.text(span.system),
                    texts.text(span.method),
                    texts.text(span.route),
                    texts.text(span.path),
                    span.status)));
  }

  private static long number(ColumnBatch batch, String column, int row) {
    return batch.longs(index(column))[row];
  }

  private static int index(String column) {
    for (int i = 0; i < StreamSchema.SPANS.columns().size(); i++) {
      if (StreamSchema.SPANS.columns().get(i).name().equals(column)) {
        return i;
      }
    }
    throw new IllegalArgumentException(column);
  }

  private static KeyValue text(String key, String value) {
    return SpanPayloads.text(key, value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "http.request.method=GET,http.route=/a/{id},http.response.status_code:503"
            + "|HTTP|http|GET|/a/{id}||503",
        "http.method=POST,http.target=/a/17,http.status_code:404|HTTP|http|POST||/a/17|404",
        "http.method=GET,http.status_code=200|HTTP|http|GET|||200",
        "http.request.method=GET|HTTP|http|GET|||0",
        "rpc.system=grpc,rpc.service=shop.Cart,rpc.method=Add,rpc.grpc.status_code:14"
            + "|GRPC|grpc|/shop.Cart/Add|||14",
        "rpc.system.name=grpc,rpc.method=shop.Cart/Add,rpc.response.status_code=UNAVAILABLE"
            + "|GRPC|grpc|/shop.Cart/Add|||14",
        "rpc.system=grpc,rpc.method=Add|GRPC|grpc|/Add|||-1",
        "db.system=mysql,db.operation=SELECT,db.sql.table=users|SQL|mysql|SELECT|users||-1",
        "db.system.name=postgresql,db.operation.name=INSERT,db.collection.name=orders"
            + "|SQL|postgresql|INSERT|orders||-1",
        "db.system=elasticsearch,http.method=GET|SQL|elasticsearch||||-1",
        "messaging.system=kafka,messaging.operation=publish,messaging.destination.name=orders"
            + "|MESSAGING|kafka|publish|orders||-1",
      })
  void operation_inOldAndNewSpelling_isUnderstood(
      String attributes,
      RequestKind kind,
      String system,
      String method,
      String route,
      String path,
      int status)
      throws Exception {
    Span.Builder span = span();
    for (String each : attributes.split(",", -1)) {
      int equals = each.indexOf('=');
      if (equals > 0) {
        span.addAttributes(text(each.substring(0, equals), each.substring(equals + 1)));
      } else {
        String[] parts = each.split(":", 2);
        span.addAttributes(SpanPayloads.number(parts[0], Long.parseLong(parts[1])));
      }
    }
    decode(payload(span));
    assertThat(seen)
        .containsExactly(
            new Seen(
                Role.SERVER.code(),
                kind.ordinal(),
                system,
                method == null ? "" : method,
                route == null ? "" : route,
                path == null ? "" : path,
                status));
  }

  @Test
  void span_withoutAnOperation_isNoRequest() throws Exception {
    decode(payload(span().addAttributes(text("code.function.name", "f"))));
    assertThat(seen.getFirst().request).isEqualTo(SpanFacts.NO_REQUEST);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "00",
        "0af7651916cd43dd8448eb211c8031",
        "0af7651916cd43dd8448eb211c80319c00",
        "00000000000000000000000000000000"
      })
  void span_withAWrongTraceId_isRejectedAlone(String id) throws Exception {
    DecodedItems decoded = decode(payload(span().setTraceId(ByteString.fromHex(id)), span()));
    assertThat(decoded.rejected()).isEqualTo(1);
    assertThat(decoded.message()).contains("trace_id").contains("expected: 16 bytes");
    assertThat(decoded.batch().rows()).isEqualTo(1);
  }

  @Test
  void value_nestedTooDeep_rejectsItsSpanAlone() throws Exception {
    AnyValue value = AnyValue.newBuilder().setIntValue(1).build();
    for (int i = 0; i < 10_000; i++) {
      value = AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(value)).build();
      if (i == 30) {
        DecodedItems good = decode(payload(span().addAttributes(deep(value))));
        assertThat(good.rejected()).isZero();
      }
      if (i == 40) {
        break;
      }
    }
    DecodedItems decoded = decode(payload(span().addAttributes(deep(value)), span()));
    assertThat(decoded.rejected()).isEqualTo(1);
    assertThat(decoded.message()).contains("nested deeper than 32");
    assertThat(decoded.batch().rows()).isEqualTo(1);
    assertThat(decoded.batch().attributes(index("attributes")).size()).isZero();
  }

  @Test
  void events_thatAreTooLongTogether_rejectTheirSpanAlone() throws Exception {
    Span.Builder span = span();
    for (int i = 0; i < 3; i++) {
      span.addEvents(
          Span.Event.newBuilder().addAttributes(text("stack", "at f()\n".repeat(60_000))));
    }
    DecodedItems decoded = decode(payload(span, span().setName("good")));
    assertThat(decoded.rejected()).isEqualTo(1);
    assertThat(decoded.message()).contains("more than 1048576 characters as JSON");
    assertThat(decoded.batch().rows()).isEqualTo(1);
  }

  private static KeyValue deep(AnyValue value) {
    return KeyValue.newBuilder().setKey("deep").setValue(value).build();
  }

  @Test
  void attributes_aboveTheLimit_areCounted() throws Exception {
    Span.Builder span = span();
    for (int i = 0; i < 100_000; i++) {
      span.addAttributes(SpanPayloads.number("key." + i % 500, i));
    }
    DecodedItems decoded = decode(payload(span));
    assertThat(decoded.rejected()).isZero();
    assertThat(decoded.batch().attributes(index("attributes")).size())
        .isEqualTo(PayloadReader.MAX_ITEMS);
    assertThat(new String(decoded.batch().plains(index("details"))[0], StandardCharsets.UTF_8))
        .isEqualTo("{\"dropped_attributes_count\":99872}");
  }

  @ParameterizedTest
  @CsvSource({
    // end before start, no times, only one of them, beyond 2262
    "1000, 500, 1000, 0",
    "0, 0, 1795262400000000000, 0",
    "0, 700, 700, 0",
    "700, 0, 700, 0",
    "-9223372036854775808, 800, 800, 0",
    "800, -1, 800, 0",
  })
  void times_thatCannotBe_giveNoNegativeDuration(long start, long end, long from, long duration)
      throws Exception {
    DecodedItems decoded =
        decode(payload(span().setStartTimeUnixNano(start).setEndTimeUnixNano(end)));
    assertThat(number(decoded.batch(), "start_unix_nanos", 0)).isEqualTo(from);
    assertThat(number(decoded.batch(), "duration_nanos", 0)).isEqualTo(duration);
  }

  @Test
  void payload_cutAnywhere_isMalformedOrWhole() throws Exception {
    byte[] bytes = new SpanPayloads(3).payload(5, START).toByteArray();
    for (int to = 0; to < bytes.length; to++) {
      try {
        decoder.decode(bytes, 0, to, (_, _) -> true);
      } catch (MalformedPayloadException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
    assertThatThrownBy(() -> decoder.decode(bytes, 0, bytes.length - 1, (_, _) -> true))
        .isInstanceOf(MalformedPayloadException.class);
  }

  @Test
  void bytes_thatAreAnything_neverDoMoreThanFail() {
    Random random = new Random(5);
    byte[] good = new SpanPayloads(4).payload(20, START).toByteArray();
    for (int i = 0; i < 5000; i++) {
      byte[] bytes = good.clone();
      for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        decoder.decode(bytes, 0, bytes.length, (_, _) -> true);
      } catch (MalformedPayloadException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }

  @Test
  void rows_ofManyPayloads_shareTheirStrings() throws Exception {
    SpanPayloads payloads = new SpanPayloads(9);
    byte[] first = payloads.payload(100, START).toByteArray();
    byte[] second = payloads.payload(100, START).toByteArray();
    ColumnBatch one = decoder.decode(first, 0, first.length, (_, _) -> true).batch();
    ColumnBatch two = decoder.decode(second, 0, second.length, (_, _) -> true).batch();
    assertThat(one.dictionary()).isSameAs(two.dictionary());
    assertThat(one.rows()).isEqualTo(100);
  }

  @Test
  void strings_thatNeverRepeat_getNoNumbersAfterAWhile() throws Exception {
    SpanPayloads payloads = new SpanPayloads(11);
    List<Integer> sizes = new ArrayList<>();
    for (int i = 0; i < 81; i++) {
      byte[] bytes = payloads.payload(500, START).toByteArray();
      ColumnBatch batch = decoder.decode(bytes, 0, bytes.length, (_, _) -> true).batch();
      sizes.add(batch.dictionary().size());
    }
    assertThat(sizes.get(1) - sizes.get(0)).isGreaterThan(600);
    assertThat(sizes.get(80) - sizes.get(79)).isLessThan(300);
  }
}
