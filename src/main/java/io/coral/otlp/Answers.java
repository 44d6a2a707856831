package io.coral.otlp;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The bytes of what a receiver answers
/// (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response): the three
/// `Export…ServiceResponse`, which have one shape, and `google.rpc.Status` with `RetryInfo`.
public final class Answers {
  private static final int MAX_BYTES = 64 << 10;
  private static final String RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
  private static final byte[] EMPTY = {};
  private static final byte[] EMPTY_JSON = {'{', '}'};

  private Answers() {}

  /// An `Export…ServiceResponse` as protobuf.
  ///
  /// @param rejectedItems how many items were not taken; 0 with an empty message = all were
  /// taken
  public static byte[] accepted(long rejectedItems, String message) {
    if (rejectedItems == 0 && message.isEmpty()) {
      return EMPTY;
    }
    return written(
        writer -> {
          writer.tag(1, ProtobufReader.LENGTH_DELIMITED);
          int partialSuccess = writer.open();
          if (rejectedItems != 0) {
            writer.tag(1, ProtobufReader.VARINT);
            writer.varint(rejectedItems);
          }
          text(writer, 2, message);
          writer.close(partialSuccess);
        });
  }

  /// An `Export…ServiceResponse` as JSON.
  public static byte[] acceptedJson(Signal signal, long rejectedItems, String message) {
    if (rejectedItems == 0 && message.isEmpty()) {
      return EMPTY_JSON.clone();
    }
    JsonObject partialSuccess = new JsonObject();
    if (rejectedItems != 0) {
      partialSuccess.addProperty(signal.rejectedName(), Long.toString(rejectedItems));
    }
    if (!message.isEmpty()) {
      partialSuccess.addProperty("errorMessage", message);
    }
    JsonObject response = new JsonObject();
    response.add("partialSuccess", partialSuccess);
    return response.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// A `google.rpc.Status` as protobuf.
  ///
  /// @param code of gRPC
  /// @param retryAfter null = do not send this again
  public static byte[] status(int code, String message, @Nullable Duration retryAfter) {
    return written(
        writer -> {
          writer.tag(1, ProtobufReader.VARINT);
          writer.varint(code);
          text(writer, 2, message);
          if (retryAfter != null) {
            writer.tag(3, ProtobufReader.LENGTH_DELIMITED);
            int detail = writer.open();
            text(writer, 1, RETRY_INFO);
            writer.tag(2, ProtobufReader.LENGTH_DELIMITED);
            int retryInfo = writer.open();
            writer.tag(1, ProtobufReader.LENGTH_DELIMITED);
            int delay = writer.open();
            writer.tag(1, ProtobufReader.VARINT);
            writer.varint(retryAfter.toSeconds());
            writer.tag(2, ProtobufReader.VARINT);
            writer.varint(retryAfter.toNanosPart());
            writer.close(delay);
            writer.close(retryInfo);
            writer.close(detail);
          }
        });
  }

  /// A `google.rpc.Status` as JSON.
  public static byte[] statusJson(int code, String message, @Nullable Duration retryAfter) {
    JsonObject status = new JsonObject();
    status.addProperty("code", code);
    status.addProperty("message", message);
    if (retryAfter != null) {
      JsonObject retryInfo = new JsonObject();
      retryInfo.addProperty("@type", RETRY_INFO);
      retryInfo.addProperty("retryDelay", seconds(retryAfter));
      JsonArray details = new JsonArray();
      details.add(retryInfo);
      status.add("details", details);
    }
    return status.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// A duration in JSON: `1s`, `1.500s`.
  private static String seconds(Duration duration) {
    int millis = duration.toMillisPart();
    return millis == 0
        ? duration.toSeconds() + "s"
        : String.format("%d.%03ds", duration.toSeconds(), millis);
  }

  private static void text(ProtobufWriter writer, int field, String text)
      throws PayloadTooLargeException {
    if (!text.isEmpty()) {
      writer.tag(field, ProtobufReader.LENGTH_DELIMITED);
      writer.text(text);
    }
  }

  @FunctionalInterface
  private interface Fields {
    void write(ProtobufWriter writer) throws PayloadTooLargeException;
  }

  private static byte[] written(Fields fields) {
    ProtobufWriter writer = new ProtobufWriter(128, MAX_BYTES);
    try {
      fields.write(writer);
    } catch (PayloadTooLargeException e) {
      throw new IllegalStateException("an answer of more than " + MAX_BYTES + " bytes", e);
    }
    Payload payload = writer.payload();
    return Arrays.copyOfRange(payload.bytes(), payload.from(), payload.to());
  }
}
