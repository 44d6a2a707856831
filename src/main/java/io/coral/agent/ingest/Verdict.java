package io.coral.agent.ingest;

import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.PayloadTooLargeException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// How a request ends, for every transport.
///
/// @param message for the client's eyes
/// @param retryAfter null = sending this again is useless. OTLP clients repeat
/// RESOURCE_EXHAUSTED     only if it carries this
record Verdict(Outcome outcome, String message, long rejectedItems, @Nullable Duration retryAfter) {
  private static final Duration WHEN_FULL = Duration.ofSeconds(1);
  private static final Duration WHEN_FAILED = Duration.ofSeconds(5);
  private static final int MAX_MESSAGE_LENGTH = 500;

  /// The label of the counter, and what each transport calls it
  /// (https://opentelemetry.io/docs/specs/otlp/#failures).
  enum Outcome {
    OK(0, 200),
    PARTIAL(0, 200),
    MALFORMED(3, 400),
    TIMEOUT(4, 408),
    TOO_LARGE(8, 413),
    OVERLOADED(8, 429),
    UNKNOWN_PATH(12, 404),
    WRONG_METHOD(12, 405),
    WRONG_TYPE(12, 415),
    UNSUPPORTED(12, 501),
    BROKEN_FRAME(13, 400),
    UNAVAILABLE(14, 503),
    ABANDONED(1, 499);

    private final int grpcStatus;
    private final int httpStatus;

    Outcome(int grpcStatus, int httpStatus) {
      this.grpcStatus = grpcStatus;
      this.httpStatus = httpStatus;
    }

    int grpcStatus() {
      return grpcStatus;
    }

    int httpStatus() {
      return httpStatus;
    }
  }

  Verdict {
    if (message.length() > MAX_MESSAGE_LENGTH) {
      message = message.substring(0, MAX_MESSAGE_LENGTH);
    }
  }

  static Verdict of(Accepted accepted) {
    return new Verdict(
        accepted.rejectedItems() == 0 ? Outcome.OK : Outcome.PARTIAL,
        accepted.message(),
        accepted.rejectedItems(),
        null);
  }

  /// A refusal for good.
  static Verdict refused(Outcome outcome, String message) {
    return new Verdict(outcome, message, 0, null);
  }

  static Verdict overloaded() {
    return of(new OverloadedException(WHEN_FULL));
  }

  static Verdict of(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case MalformedPayloadException _ -> refused(Outcome.MALFORMED, message);
      case PayloadTooLargeException _ -> refused(Outcome.TOO_LARGE, message);
      case UnsupportedOperationException _ -> refused(Outcome.UNSUPPORTED, message);
      case OverloadedException overloaded ->
          new Verdict(Outcome.OVERLOADED, message, 0, overloaded.retryAfter());
      default ->
          // The reason may hold paths and SQL: it is for the log, not for a client.
          new Verdict(Outcome.UNAVAILABLE, "not stored, send it again", 0, WHEN_FAILED);
    };
  }
}
