package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class JsonToProtobufTest {
  private static final int LIMIT = 1 << 20;
  private static final JsonToProtobuf TRACES = JsonToProtobuf.of(Signal.TRACES, LIMIT);
  private static final JsonToProtobuf METRICS = JsonToProtobuf.of(Signal.METRICS, LIMIT);
  private static final JsonToProtobuf LOGS = JsonToProtobuf.of(Signal.LOGS, LIMIT);

  private static byte[] convert(JsonToProtobuf conversion, byte[] json) throws Exception {
    Payload payload = conversion.convert(json, 0, json.length);
    return java.util.Arrays.copyOf(payload.bytes(), payload.to());
  }

  private static ExportTraceServiceRequest traces(String json) throws Exception {
    return ExportTraceServiceRequest.parseFrom(
        convert(TRACES, json.getBytes(StandardCharsets.UTF_8)));
  }

  private static AnyValue value(String json) throws Exception {
    return span("'attributes':[{'key':'k','value':" + json + "}]").getAttributes(0).getValue();
  }

  private static String quoted(String json) {
    return json.replace('\'', '"');
  }

  /// The span of a request with one, given its fields.
  private static Span span(String fields) throws Exception {
    return traces(quoted("{'resourceSpans':[{'scopeSpans':[{'spans':[{%s}]}]}]}".formatted(fields)))
        .getResourceSpans(0)
        .getScopeSpans(0)
        .getSpans(0);
  }

  private static void assertMalformed(String json, String says) {
    assertThatThrownBy(() -> traces(quoted(json)))
        .describedAs(json)
        .isInstanceOf(MalformedPayloadException.class)
        .hasMessageContaining(says);
  }

  @Test
  void span_withEveryField_isConverted() throws Exception {
    Span span =
        span(
            "'traceId':'5B8EFFF798038103D269B633813FC60C','spanId':'eee19b7ec3c1b174',"
                + "'parentSpanId':'eee19b7ec3c1b173','traceState':'a=b','flags':257,'name':'n',"
                + "'kind':2,'startTimeUnixNano':'1544712660000000000',"
                + "'endTimeUnixNano':1544712661000000000,'droppedAttributesCount':3,"
                + "'events':[{'timeUnixNano':'1','name':'e'}],"
                + "'links':[{'traceId':'5b8efff798038103d269b633813fc60c',"
                + "'spanId':'eee19b7ec3c1b174'}],"
                + "'status':{'code':'STATUS_CODE_ERROR','message':'m'}");
    assertThat(span.getTraceId().toByteArray())
        .asHexString()
        .isEqualTo("5B8EFFF798038103D269B633813FC60C");
    assertThat(span.getSpanId().size()).isEqualTo(8);
    assertThat(span.getParentSpanId().byteAt(7)).isEqualTo((byte) 0x73);
    assertThat(span.getFlags()).isEqualTo(257);
    assertThat(span.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(span.getStartTimeUnixNano()).isEqualTo(1544712660000000000L);
    assertThat(span.getEndTimeUnixNano()).isEqualTo(1544712661000000000L);
    assertThat(span.getDroppedAttributesCount()).isEqualTo(3);
    assertThat(span.getEvents(0).getName()).isEqualTo("e");
    assertThat(span.getLinks(0).getTraceId().size()).isEqualTo(16);
    assertThat(span.getStatus().getCode()).isEqualTo(Status.StatusCode.STATUS_CODE_ERROR);
  }

  @Test
  void values_ofAllTypes_areConverted() throws Exception {
    assertThat(value("{'stringValue':'s'}").getStringValue()).isEqualTo("s");
    assertThat(value("{'boolValue':false}").getValueCase())
        .isEqualTo(AnyValue.ValueCase.BOOL_VALUE);
    assertThat(value("{'intValue':'-9223372036854775808'}").getIntValue())
        .isEqualTo(Long.MIN_VALUE);
    assertThat(value("{'intValue':12.0}").getIntValue()).isEqualTo(12);
    assertThat(value("{'doubleValue':0.1}").getDoubleValue()).isEqualTo(0.1);
    assertThat(value("{'doubleValue':'NaN'}").getDoubleValue()).isNaN();
    assertThat(value("{'doubleValue':'-Infinity'}").getDoubleValue())
        .isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(value("{'bytesValue':'AAEC_w=='}").getBytesValue())
        .isEqualTo(ByteString.copyFrom(new byte[] {0, 1, 2, -1}));
    assertThat(value("{'arrayValue':{'values':[{'intValue':1},{}]}}").getArrayValue().getValues(0))
        .isEqualTo(AnyValue.newBuilder().setIntValue(1).build());
    assertThat(
            value("{'kvlistValue':{'values':[{'key':'a','value':{'stringValue':'b'}}]}}")
                .getKvlistValue()
                .getValues(0)
                .getValue()
                .getStringValue())
        .isEqualTo("b");
  }

  @Test
  void names_inSnakeCase_areKnown() throws Exception {
    assertThat(
            traces(quoted("{'resource_spans':[{'scope_spans':[{'spans':[{'name':'n'}]}]}]}"))
                .getResourceSpans(0)
                .getScopeSpans(0)
                .getSpans(0)
                .getName())
        .isEqualTo("n");
  }

  @Test
  void unknownNames_areIgnored_whateverTheyHold() throws Exception {
    assertThat(span("'x':[[{'name':1}],null,true,1e9],'name':'n','y':{}").getName()).isEqualTo("n");
  }

  @Test
  void duplicateNames_lastWins() throws Exception {
    Span span =
        span(
            "'name':'first','attributes':[{'key':'a'},{'key':'b'}],'status':{'message':'m'},"
                + "'name':'last','kind':1,'attributes':[{'key':'c'}],'status':{'code':1}");
    assertThat(span.getName()).isEqualTo("last");
    assertThat(span.getKindValue()).isEqualTo(1);
    assertThat(span.getAttributesList()).extracting(each -> each.getKey()).containsExactly("c");
    assertThat(span.getStatus()).isEqualTo(Status.newBuilder().setCodeValue(1).build());
    assertThat(span.getSerializedSize()).isLessThan(30);
  }

  @Test
  void null_isAbsence() throws Exception {
    assertThat(span("'name':null,'attributes':null,'status':null"))
        .isEqualTo(Span.getDefaultInstance());
  }

  @Test
  void ids_thatAreNotHexOfTheRightLength_becomeInvalidAndNotTheRequest() throws Exception {
    for (String id :
        List.of("W47/95gDgQPSabYzgT/GDA==", "5b8e", "zz8efff798038103d269b633813fc60c")) {
      assertThat(span("'traceId':'" + id + "'").getTraceId().size()).isEqualTo(1);
    }
    assertThat(span("'parentSpanId':''").getParentSpanId().size()).isZero();
  }

  @Test
  void loneSurrogates_nulAndByteOrderMark_areHarmless() throws Exception {
    assertThat(span("'name':'a\\ud800b\\u0000\\ude00'").getName()).isEqualTo("a\ufffdb\0\ufffd");
    assertThat(span("'name':'\\ud83d\\ude00é€'").getName()).isEqualTo("😀é€");
    assertThat(traces("\ufeff{}")).isEqualTo(ExportTraceServiceRequest.getDefaultInstance());
  }

  @Test
  void numbers_outOfRange_areMalformed() {
    for (String value :
        List.of(
            "{'doubleValue':1e999}",
            "{'doubleValue':NaN}",
            "{'doubleValue':'0x1p3'}",
            "{'intValue':'9223372036854775808'}",
            "{'intValue':1e999999999}",
            "{'intValue':0.5}",
            "{'intValue':'" + "1".repeat(100_000) + "'}",
            "{'intValue':true}",
            "{'boolValue':1}",
            "{'bytesValue':'*'}")) {
      assertThatThrownBy(() -> value(value))
          .describedAs(value.substring(0, Math.min(50, value.length())))
          .isInstanceOf(MalformedPayloadException.class);
    }
    assertThatThrownBy(() -> span("'flags':-1")).isInstanceOf(MalformedPayloadException.class);
    assertThatThrownBy(() -> span("'startTimeUnixNano':'-1'"))
        .isInstanceOf(MalformedPayloadException.class);
  }

  @Test
  void integerOfAValue_thatOnlyADoubleHolds_isADouble() throws Exception {
    assertThat(value("{'intValue':1e+300}").getDoubleValue()).isEqualTo(1e300);
    assertThat(value("{'intValue':-9223372036854775809}").getDoubleValue()).isEqualTo(-0x1p63);
    assertThat(value("{'intValue':-9223372036854775808}").getIntValue()).isEqualTo(Long.MIN_VALUE);
    assertThat(value("{'intValue':9223372036854775807}").getIntValue()).isEqualTo(Long.MAX_VALUE);
    assertThat(value("{'intValue':1e300,'intValue':2}").getIntValue()).isEqualTo(2);
  }

  @Test
  void fixed64_aboveTheSignedRange_isTaken() throws Exception {
    assertThat(span("'startTimeUnixNano':'18446744073709551615'").getStartTimeUnixNano())
        .isEqualTo(-1);
  }

  @Test
  void enumerations_byUnknownName_areIgnored() throws Exception {
    assertThat(span("'kind':'SPAN_KIND_NEW','name':'n'").getName()).isEqualTo("n");
    assertThat(span("'kind':77").getKindValue()).isEqualTo(77);
  }

  @Test
  void brokenJson_isMalformed() {
    assertMalformed("", "JSON");
    assertMalformed("[]", "JSON");
    assertMalformed("{", "JSON");
    assertMalformed("{} {}", "JSON");
    assertMalformed("{'resourceSpans':{}}", "JSON");
    assertMalformed("{'resourceSpans':[null]}", "JSON");
    assertMalformed("{resourceSpans:[]}", "JSON");
    assertMalformed("{'resourceSpans':[1]}", "JSON");
    assertMalformed("{'resourceSpans':[],}", "JSON");
  }

  @Test
  void depthBomb_isMalformed_butThirtyTwoLevelsAreNot() throws Exception {
    assertMalformed("{'x':" + "[".repeat(100_000) + "]".repeat(100_000) + "}", "JSON");
    AnyValue deep = value(nested(31));
    assertThat(deep.hasArrayValue()).isTrue();
    assertThatThrownBy(() -> value(nested(32)))
        .isInstanceOf(MalformedPayloadException.class)
        .hasMessageContaining("32");
    assertThatThrownBy(() -> value(nested(10_000))).isInstanceOf(MalformedPayloadException.class);
  }

  private static String nested(int levels) {
    return "{'arrayValue':{'values':[".repeat(levels) + "{}" + "]}}".repeat(levels);
  }

  @Test
  void output_largerThanTheLimit_isTooLarge() {
    String json =
        quoted(
            "{'resourceMetrics':[{'scopeMetrics':[{'metrics':[{'histogram':{'dataPoints':"
                + "[{'explicitBounds':[1"
                + ",1".repeat(LIMIT / 8)
                + "]}]}}]}]}]}");
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    assertThat(bytes.length).isLessThan(LIMIT / 2);
    assertThatThrownBy(() -> METRICS.convert(bytes, 0, bytes.length))
        .isInstanceOf(PayloadTooLargeException.class);
  }

  @Test
  void metric_withPackedAndSignedFields_isConverted() throws Exception {
    String json =
        quoted(
            "{'resourceMetrics':[{'scopeMetrics':[{'metrics':[{'name':'m','exponentialHistogram':"
                + "{'aggregationTemporality':2,'dataPoints':[{'scale':-3,'count':'4','sum':1.5,"
                + "'zeroCount':1,'positive':{'offset':-2,'bucketCounts':['1',2]},"
                + "'exemplars':[{'asInt':'-7','spanId':'eee19b7ec3c1b174'}]}]}},"
                + "{'histogram':{'dataPoints':[{'explicitBounds':[0.5,1],"
                + "'bucketCounts':[1,'2',3]}]}}]}]}]}");
    List<Metric> metrics =
        ExportMetricsServiceRequest.parseFrom(
                convert(METRICS, json.getBytes(StandardCharsets.UTF_8)))
            .getResourceMetrics(0)
            .getScopeMetrics(0)
            .getMetricsList();
    var exponential = metrics.get(0).getExponentialHistogram().getDataPoints(0);
    assertThat(exponential.getScale()).isEqualTo(-3);
    assertThat(exponential.getSum()).isEqualTo(1.5);
    assertThat(exponential.getPositive().getOffset()).isEqualTo(-2);
    assertThat(exponential.getPositive().getBucketCountsList()).containsExactly(1L, 2L);
    assertThat(exponential.getExemplars(0).getAsInt()).isEqualTo(-7);
    var explicit = metrics.get(1).getHistogram().getDataPoints(0);
    assertThat(explicit.getExplicitBoundsList()).containsExactly(0.5, 1.0);
    assertThat(explicit.getBucketCountsList()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void logRecord_isConverted() throws Exception {
    String json =
        quoted(
            "{'resourceLogs':[{'resource':{'attributes':[]},'schemaUrl':'u','scopeLogs':"
                + "[{'logRecords':[{'severityNumber':'SEVERITY_NUMBER_WARN','severityText':'W',"
                + "'body':{'stringValue':'b'},'traceId':'5b8efff798038103d269b633813fc60c'}]}]}]}");
    var logs =
        ExportLogsServiceRequest.parseFrom(convert(LOGS, json.getBytes(StandardCharsets.UTF_8)))
            .getResourceLogs(0);
    assertThat(logs.getSchemaUrl()).isEqualTo("u");
    assertThat(logs.getScopeLogs(0).getLogRecords(0).getSeverityNumberValue()).isEqualTo(13);
    assertThat(logs.getScopeLogs(0).getLogRecords(0).getBody().getStringValue()).isEqualTo("b");
  }
}
