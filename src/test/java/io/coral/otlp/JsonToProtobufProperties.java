package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/// What protobuf's own printer writes (with ids as OTLP has them) is read back equal.
final class JsonToProtobufProperties {
  private static final Pattern BASE64_ID =
      Pattern.compile("(\"(?:traceId|spanId|parentSpanId)\": ?\")([^\"]*)\"");
  private static final Set<String> SPAN_IDS = Set.of("span_id", "parent_span_id");
  private static final int LIMIT = 1 << 20;

  @Property(tries = 150)
  void traces_printed_areReadBackEqual(@ForAll long seed) throws Exception {
    assertReadBack(Signal.TRACES, ExportTraceServiceRequest.getDefaultInstance(), seed);
  }

  @Property(tries = 150)
  void metrics_printed_areReadBackEqual(@ForAll long seed) throws Exception {
    assertReadBack(Signal.METRICS, ExportMetricsServiceRequest.getDefaultInstance(), seed);
  }

  @Property(tries = 150)
  void logs_printed_areReadBackEqual(@ForAll long seed) throws Exception {
    assertReadBack(Signal.LOGS, ExportLogsServiceRequest.getDefaultInstance(), seed);
  }

  @Property(tries = 500)
  void anyText_isConvertedOrRefused(@ForAll @Size(max = 60) String text) {
    byte[] bytes = ("{\"resourceSpans\":[" + text + "]}").getBytes(StandardCharsets.UTF_8);
    try {
      Payload payload = JsonToProtobuf.of(Signal.TRACES, LIMIT).convert(bytes, 0, bytes.length);
      assertThat(payload.length()).isNotNegative();
    } catch (MalformedPayloadException | PayloadTooLargeException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }

  private static void assertReadBack(Signal signal, Message prototype, long seed) throws Exception {
    Random random = new Random(seed);
    Message.Builder builder = prototype.newBuilderForType();
    fill(builder, random, 0);
    Message message = builder.build();
    JsonFormat.Printer printer =
        random.nextBoolean() ? JsonFormat.printer() : JsonFormat.printer().printingEnumsAsInts();
    String json = hexIds(printer.print(message));
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    Payload payload = JsonToProtobuf.of(signal, LIMIT).convert(bytes, 0, bytes.length);
    Message read =
        prototype
            .newBuilderForType()
            .mergeFrom(payload.bytes(), payload.from(), payload.length())
            .build();
    assertThat(read).describedAs(json).isEqualTo(message);
    assertThat(DynamicMessage.newBuilder(read).build().getUnknownFields().asMap()).isEmpty();
  }

  private static String hexIds(String json) {
    return BASE64_ID
        .matcher(json)
        .replaceAll(
            id ->
                Matcher.quoteReplacement(
                    id.group(1)
                        + HexFormat.of()
                            .formatHex(java.util.Base64.getDecoder().decode(id.group(2)))
                        + "\""));
  }

  private static void fill(Message.Builder builder, Random random, int depth) {
    for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
      boolean message = field.getJavaType() == FieldDescriptor.JavaType.MESSAGE;
      if (message && (depth > 10 || (depth > 6 && random.nextBoolean()))) {
        continue;
      }
      if (field.isRepeated()) {
        for (int i = random.nextInt(3); i > 0; i--) {
          builder.addRepeatedField(field, value(builder, field, random, depth));
        }
      } else if (random.nextInt(4) != 0) {
        builder.setField(field, value(builder, field, random, depth));
      }
    }
  }

  private static Object value(
      Message.Builder parent, FieldDescriptor field, Random random, int depth) {
    return switch (field.getJavaType()) {
      case INT -> random.nextInt() >> random.nextInt(32);
      case LONG -> random.nextLong() >> random.nextInt(64);
      case DOUBLE -> random.nextBoolean() ? random.nextGaussian() : Double.NEGATIVE_INFINITY;
      case FLOAT -> random.nextFloat();
      case BOOLEAN -> random.nextBoolean();
      case STRING -> "x\"\\\n\u0001é€😀".substring(0, random.nextInt(7));
      case BYTE_STRING -> bytes(field, random);
      case ENUM ->
          field
              .getEnumType()
              .getValues()
              .get(random.nextInt(field.getEnumType().getValues().size()));
      case MESSAGE -> {
        Message.Builder child = parent.newBuilderForField(field);
        fill(child, random, depth + 1);
        yield child.build();
      }
    };
  }

  private static ByteString bytes(FieldDescriptor field, Random random) {
    int length =
        field.getName().equals("trace_id")
            ? 16
            : SPAN_IDS.contains(field.getName()) ? 8 : random.nextInt(9);
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }
}
