package io.coral.otlp;

import com.google.protobuf.ByteString;
import io.coral.model.StreamSchema;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.logs.v1.LogRecord;
import io.opentelemetry.proto.logs.v1.ResourceLogs;
import io.opentelemetry.proto.logs.v1.ScopeLogs;
import io.opentelemetry.proto.logs.v1.SeverityNumber;
import io.opentelemetry.proto.resource.v1.Resource;

/// Log records as applications send them.
public final class SentLogs {
  private SentLogs() {}

  /// A record that has every field.
  public static LogRecord.Builder full() {
    return LogRecord.newBuilder()
        .setTimeUnixNano(1_790_000_000_000_000_001L)
        .setObservedTimeUnixNano(1_790_000_000_500_000_000L)
        .setSeverityNumber(SeverityNumber.SEVERITY_NUMBER_ERROR)
        .setSeverityText("ERROR")
        .setBody(AnyValue.newBuilder().setStringValue("card declined \"twice\""))
        .addAttributes(SpanPayloads.text("user.id", "u-17"))
        .addAttributes(SpanPayloads.number("attempt", 2))
        .addAttributes(
            KeyValue.newBuilder()
                .setKey("final")
                .setValue(AnyValue.newBuilder().setBoolValue(true)))
        .setDroppedAttributesCount(4)
        .setFlags(1)
        .setTraceId(ByteString.fromHex("0af7651916cd43dd8448eb211c80319c"))
        .setSpanId(ByteString.fromHex("b7ad6b7169203331"))
        .setEventName("payment.declined");
  }

  /// The request with the records of one service.
  public static ExportLogsServiceRequest request(String service, LogRecord.Builder... records) {
    ScopeLogs.Builder scope =
        ScopeLogs.newBuilder()
            .setScope(InstrumentationScope.newBuilder().setName("by hand").setVersion("1"));
    for (LogRecord.Builder record : records) {
      scope.addLogRecords(record);
    }
    return ExportLogsServiceRequest.newBuilder()
        .addResourceLogs(
            ResourceLogs.newBuilder()
                .setResource(
                    Resource.newBuilder().addAttributes(SpanPayloads.text("service.name", service)))
                .addScopeLogs(scope))
        .build();
  }

  static byte[] payload(String service, LogRecord.Builder... records) {
    return request(service, records).toByteArray();
  }

  /// The place of a column in a stream.
  static int index(StreamSchema schema, String column) {
    for (int i = 0; i < schema.columns().size(); i++) {
      if (schema.columns().get(i).name().equals(column)) {
        return i;
      }
    }
    throw new IllegalArgumentException(column);
  }
}
