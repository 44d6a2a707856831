package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.coral.model.ColumnBatch;
import io.coral.model.LogBody;
import io.coral.model.StreamSchema;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.logs.v1.ScopeLogs;
import io.opentelemetry.proto.logs.v1.SeverityNumber;
import io.opentelemetry.proto.resource.v1.Resource;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LogDecoderTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  private final LogDecoder decoder = new LogDecoder(Clock.fixed(NOON, ZoneOffset.UTC));

  private ColumnBatch decode(LogRecord.Builder... records) throws Exception {
    return decoded(SentLogs.payload("shop", records)).batch();
  }

  private DecodedItems decoded(byte[] bytes) throws MalformedPayloadException {
    return decoder.decode(bytes, 0, bytes.length);
  }

  private static int index(String column) {
    return SentLogs.index(StreamSchema.LOGS, column);
  }

  private static long number(ColumnBatch batch, String column, int row) {
    return batch.longs(index(column))[row];
  }

  private static String text(ColumnBatch batch, String column, int row) {
    return batch.texts(index(column))[row];
  }

  private static String plain(ColumnBatch batch, String column, int row) {
    return new String(batch.plains(index(column))[row], StandardCharsets.UTF_8);
  }

  @Test
  void record_isReadWithAllItHas() throws Exception {
    ColumnBatch batch = decode(SentLogs.full());
    assertThat(batch.rows()).isEqualTo(1);
    assertThat(number(batch, "time_unix_nanos", 0)).isEqualTo(1_790_000_000_000_000_001L);
    assertThat(number(batch, "observed_unix_nanos", 0)).isEqualTo(1_790_000_000_500_000_000L);
    assertThat(text(batch, "service", 0)).isEqualTo("shop");
    assertThat(number(batch, "severity", 0)).isEqualTo(17);
    assertThat(text(batch, "severity_text", 0)).isEqualTo("ERROR");
    assertThat(number(batch, "body_type", 0)).isEqualTo(LogBody.TEXT.ordinal());
    assertThat(plain(batch, "body", 0)).isEqualTo("card declined \"twice\"");
    assertThat(text(batch, "event_name", 0)).isEqualTo("payment.declined");
    long[] halves = batch.uuids(index("trace_id"));
    assertThat(new UUID(halves[0], halves[1])).hasToString("0af76519-16cd-43dd-8448-eb211c80319c");
    assertThat(Long.toHexString(number(batch, "span_id", 0))).isEqualTo("b7ad6b7169203331");
    assertThat(number(batch, "flags", 0)).isEqualTo(1);
    assertThat(plain(batch, "details", 0)).isEqualTo("{\"dropped_attributes_count\":4}");
    assertThat(text(batch, "resource", 0)).contains("\"service.name\":\"shop\"");
    assertThat(text(batch, "scope", 0)).isEqualTo("{\"name\":\"by hand\",\"version\":\"1\"}");
    assertThat(batch.attributes(index("attributes")).size()).isEqualTo(3);
  }

  @Test
  void body_ofAnyKind_isTextOrJsonOrNone() throws Exception {
    AnyValue text = AnyValue.newBuilder().setStringValue("{\"not\": \"JSON\"}").build();
    ColumnBatch batch =
        decode(
            LogRecord.newBuilder(),
            LogRecord.newBuilder().setBody(AnyValue.getDefaultInstance()),
            LogRecord.newBuilder().setBody(text),
            LogRecord.newBuilder().setBody(AnyValue.newBuilder().setStringValue("")),
            LogRecord.newBuilder().setBody(AnyValue.newBuilder().setIntValue(Long.MIN_VALUE)),
            LogRecord.newBuilder()
                .setBody(
                    AnyValue.newBuilder()
                        .setArrayValue(ArrayValue.newBuilder().addValues(text).addValues(text))),
            LogRecord.newBuilder()
                .setBody(
                    AnyValue.newBuilder()
                        .setKvlistValue(
                            KeyValueList.newBuilder()
                                .addValues(KeyValue.newBuilder().setKey("a").setValue(text)))));
    int none = LogBody.NONE.ordinal();
    int asText = LogBody.TEXT.ordinal();
    int asJson = LogBody.JSON.ordinal();
    assertThat(batch.longs(index("body_type")))
        .containsExactly(none, none, asText, asText, asJson, asJson, asJson);
    assertThat(plain(batch, "body", 2)).isEqualTo("{\"not\": \"JSON\"}");
    assertThat(plain(batch, "body", 4)).isEqualTo("-9223372036854775808");
    assertThat(plain(batch, "body", 6)).isEqualTo("{\"a\":\"{\\\"not\\\": \\\"JSON\\\"}\"}");
  }

  @ParameterizedTest
  @CsvSource({
    "5, 7, 5, ''",
    "0, 7, 7, '{\"time_source\":\"observed\"}'",
    "0, 0, 1795262400000000000, '{\"time_source\":\"received\"}'",
    "-1, -1, 1795262400000000000, '{\"time_source\":\"received\"}'",
  })
  void time_thatIsMissing_isTheNextBest(long time, long observed, long expected, String details)
      throws Exception {
    ColumnBatch batch =
        decode(LogRecord.newBuilder().setTimeUnixNano(time).setObservedTimeUnixNano(observed));
    assertThat(number(batch, "time_unix_nanos", 0)).isEqualTo(expected);
    assertThat(plain(batch, "details", 0)).isEqualTo(details);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "00", "0af7651916cd43dd8448eb211c80319c00"})
  void ids_ofAWrongLength_countAsNone(String id) throws Exception {
    ColumnBatch batch =
        decode(
            LogRecord.newBuilder()
                .setTraceId(ByteString.fromHex(id))
                .setSpanId(ByteString.fromHex(id)));
    assertThat(batch.uuids(index("trace_id"))).containsExactly(0, 0);
    assertThat(number(batch, "span_id", 0)).isZero();
  }

  @Test
  void value_nestedTooDeep_rejectsItsRecordAlone() throws Exception {
    AnyValue value = AnyValue.newBuilder().setIntValue(1).build();
    for (int i = 0; i < 40; i++) {
      value = AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(value)).build();
    }
    DecodedItems decoded =
        decoded(
            SentLogs.payload(
                "shop",
                LogRecord.newBuilder().setBody(value),
                LogRecord.newBuilder()
                    .addAttributes(SpanPayloads.text("good", "one"))
                    .addAttributes(KeyValue.newBuilder().setKey("deep").setValue(value)),
                LogRecord.newBuilder().addAttributes(SpanPayloads.text("good", "two"))));
    assertThat(decoded.rejected()).isEqualTo(2);
    assertThat(decoded.message()).contains("log record").contains("nested deeper than 32");
    assertThat(decoded.batch().rows()).isEqualTo(1);
    assertThat(decoded.batch().attributes(index("attributes")).size()).isEqualTo(1);
  }

  @Test
  void value_thatIsTooLongAsJson_rejectsItsRecordAlone() throws Exception {
    AnyValue grows = AnyValue.newBuilder().setStringValue("\u0001".repeat(200_000)).build();
    AnyValue asJson =
        AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(grows)).build();
    DecodedItems decoded =
        decoded(
            SentLogs.payload(
                "shop",
                LogRecord.newBuilder().setBody(asJson),
                LogRecord.newBuilder()
                    .addAttributes(KeyValue.newBuilder().setKey("k").setValue(asJson)),
                LogRecord.newBuilder().setBody(grows)));
    assertThat(decoded.rejected()).isEqualTo(2);
    assertThat(decoded.message())
        .isEqualTo("log record attributes: more than 1048576 characters as JSON");
    assertThat(decoded.batch().rows()).isEqualTo(1);
  }

  @Test
  void resource_nestedTooDeep_rejectsItsRecords() throws Exception {
    AnyValue value = AnyValue.newBuilder().setIntValue(1).build();
    for (int i = 0; i < 40; i++) {
      value = AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(value)).build();
    }
    ScopeLogs scope =
        ScopeLogs.newBuilder()
            .addLogRecords(LogRecord.newBuilder())
            .addLogRecords(LogRecord.newBuilder())
            .build();
    DecodedItems decoded =
        decoded(
            ExportLogsServiceRequest.newBuilder()
                .addResourceLogs(
                    ResourceLogs.newBuilder()
                        .setResource(
                            Resource.newBuilder()
                                .addAttributes(KeyValue.newBuilder().setKey("d").setValue(value)))
                        .addScopeLogs(scope)
                        .addScopeLogs(scope))
                .build()
                .toByteArray());
    assertThat(decoded.rejected()).isEqualTo(4);
    assertThat(decoded.batch().rows()).isZero();
  }

  @Test
  void attributes_aboveTheLimit_areCounted() throws Exception {
    LogRecord.Builder record =
        LogRecord.newBuilder().setTimeUnixNano(1).setDroppedAttributesCount(1);
    for (int i = 0; i < 1000; i++) {
      record.addAttributes(SpanPayloads.number("key." + i, i));
    }
    ColumnBatch batch = decode(record);
    assertThat(batch.attributes(index("attributes")).size()).isEqualTo(PayloadReader.MAX_ITEMS);
    assertThat(plain(batch, "details", 0)).isEqualTo("{\"dropped_attributes_count\":873}");
  }

  @Test
  void payload_cutAnywhere_isMalformedOrWhole() {
    byte[] bytes = SentLogs.payload("shop", SentLogs.full(), SentLogs.full());
    for (int to = 0; to < bytes.length; to++) {
      try {
        decoder.decode(bytes, 0, to);
      } catch (MalformedPayloadException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
    assertThatThrownBy(() -> decoder.decode(bytes, 0, bytes.length - 1))
        .isInstanceOf(MalformedPayloadException.class);
  }

  @Test
  void bytes_thatAreAnything_neverDoMoreThanFail() {
    Random random = new Random(6);
    byte[] good = SentLogs.payload("shop", SentLogs.full(), SentLogs.full());
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = good.clone();
      for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        decoder.decode(bytes, 0, bytes.length);
      } catch (MalformedPayloadException e) {
        assertThat(e).hasMessageNotContaining("null");
      }
    }
  }

  @Test
  void severity_ofAnyNumber_isKept() throws Exception {
    ColumnBatch batch =
        decode(
            LogRecord.newBuilder().setSeverityNumber(SeverityNumber.SEVERITY_NUMBER_FATAL4),
            LogRecord.newBuilder().setSeverityNumberValue(-7),
            LogRecord.newBuilder().setSeverityNumberValue(99));
    assertThat(batch.longs(index("severity"))).containsExactly(24, -7, 99);
  }
}
