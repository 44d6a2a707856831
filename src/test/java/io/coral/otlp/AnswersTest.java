package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.UnknownFieldSet;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class AnswersTest {
  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Test
  void fullSuccess_isEmpty() {
    assertThat(Answers.accepted(0, "")).isEmpty();
    assertThat(text(Answers.acceptedJson(Signal.LOGS, 0, ""))).isEqualTo("{}");
  }

  @Test
  void partialSuccess_isReadByTheGeneratedMessages() throws Exception {
    byte[] answer = Answers.accepted(300, "span id: 0 bytes");
    var traces = ExportTraceServiceResponse.parseFrom(answer).getPartialSuccess();
    assertThat(traces.getRejectedSpans()).isEqualTo(300);
    assertThat(traces.getErrorMessage()).isEqualTo("span id: 0 bytes");
    assertThat(
            ExportMetricsServiceResponse.parseFrom(answer)
                .getPartialSuccess()
                .getRejectedDataPoints())
        .isEqualTo(300);
    assertThat(
            ExportLogsServiceResponse.parseFrom(answer).getPartialSuccess().getRejectedLogRecords())
        .isEqualTo(300);
  }

  @Test
  void partialSuccess_asJson_hasTheNameOfTheSignalAndTheCountAsText() {
    assertThat(text(Answers.acceptedJson(Signal.METRICS, 3, "why")))
        .isEqualTo("{\"partialSuccess\":{\"rejectedDataPoints\":\"3\",\"errorMessage\":\"why\"}}");
  }

  @Test
  void status_withRetryInfo_isReadAsAny() throws Exception {
    byte[] bytes = Answers.status(8, "busy", java.time.Duration.ofMillis(1500));
    UnknownFieldSet status = UnknownFieldSet.parseFrom(bytes);
    assertThat(status.getField(1).getVarintList()).containsExactly(8L);
    assertThat(status.getField(2).getLengthDelimitedList().getFirst().toStringUtf8())
        .isEqualTo("busy");
    Any detail = Any.parseFrom(status.getField(3).getLengthDelimitedList().getFirst());
    assertThat(detail.getTypeUrl()).isEqualTo("type.googleapis.com/google.rpc.RetryInfo");
    UnknownFieldSet retryInfo = UnknownFieldSet.parseFrom(detail.getValue());
    Duration delay = Duration.parseFrom(retryInfo.getField(1).getLengthDelimitedList().getFirst());
    assertThat(delay.getSeconds()).isEqualTo(1);
    assertThat(delay.getNanos()).isEqualTo(500_000_000);
  }

  @Test
  void status_withoutRetry_hasNoDetails() throws Exception {
    assertThat(UnknownFieldSet.parseFrom(Answers.status(3, "no", null)).hasField(3)).isFalse();
    assertThat(text(Answers.statusJson(3, "no", null)))
        .isEqualTo("{\"code\":3,\"message\":\"no\"}");
  }

  @Test
  void status_asJson_hasTheDelay() {
    assertThat(
            JsonParser.parseString(
                text(Answers.statusJson(8, "busy", java.time.Duration.ofMillis(1500)))))
        .isEqualTo(
            JsonParser.parseString(
                "{\"code\":8,\"message\":\"busy\",\"details\":[{\"@type\":"
                    + "\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"1.500s\"}]}"));
  }
}
