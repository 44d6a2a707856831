package io.coral.agent.ingest;

import io.coral.otlp.Answers;
import io.coral.otlp.ContentDecoder.Coding;
import io.coral.otlp.Signal;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import org.jspecify.annotations.Nullable;

/// A POST of OTLP/HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp). The answer has the
/// content type of the request.
final class HttpExchange extends Exchange {
  private static final String PROTOBUF = "application/x-protobuf";
  private static final String JSON = "application/json";

  private final Coding coding;
  private final boolean json;

  private HttpExchange(
      Intake intake,
      HttpServerRequest request,
      Signal signal,
      PayloadSink sink,
      Context context,
      Coding coding,
      boolean json) {
    super(intake, request, signal, sink, context);
    this.coding = coding;
    this.json = json;
  }

  /// Checks the head of a POST and starts, or refuses it.
  ///
  /// @param contentType without parameters, in lower case
  static void begin(
      Intake intake,
      HttpServerRequest request,
      Signal signal,
      PayloadSink sink,
      Context context,
      String contentType) {
    boolean json = contentType.equals(JSON);
    if (!json && !contentType.equals(PROTOBUF)) {
      request.response().putHeader("accept", PROTOBUF + ", " + JSON);
      refuse(
          intake,
          request,
          Verdict.refused(
              Verdict.Outcome.WRONG_TYPE,
              "content-type (expected: " + PROTOBUF + " or " + JSON + ")"));
      return;
    }
    Coding coding = Coding.of(codings(request));
    HttpExchange exchange =
        new HttpExchange(
            intake,
            request,
            signal,
            sink,
            context,
            coding == null ? Coding.IDENTITY : coding,
            json);
    exchange.begin();
    if (coding == null) {
      request.response().putHeader("accept-encoding", Coding.ACCEPTED);
      exchange.end(
          Verdict.refused(
              Verdict.Outcome.WRONG_TYPE,
              "content-encoding (expected: one of " + Coding.ACCEPTED + ")"));
      return;
    }
    exchange.checkLength(request.getHeader("content-length"));
    if ("100-continue".equalsIgnoreCase(request.getHeader("expect"))
        && !request.response().ended()) {
      request.response().writeContinue();
    }
  }

  /// All codings, also those of several headers.
  private static @Nullable String codings(HttpServerRequest request) {
    var all = request.headers().getAll("content-encoding");
    return all.isEmpty() ? null : String.join(",", all);
  }

  private void checkLength(@Nullable String contentLength) {
    if (contentLength == null) {
      return;
    }
    // The parser has taken it for a number; one of more than nine digits is too large as it is.
    int length = contentLength.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(contentLength);
    if (length > Intake.MAX_MESSAGE_BYTES) {
      tooLarge();
    } else {
      body.expect(length);
    }
  }

  private void tooLarge() {
    end(
        Verdict.refused(
            Verdict.Outcome.TOO_LARGE,
            "body: too large (expected: at most " + Intake.MAX_MESSAGE_BYTES + " bytes)"));
  }

  @Override
  void append(Buffer chunk) {
    if (chunk.length() > Intake.MAX_MESSAGE_BYTES - body.length()) {
      tooLarge();
    } else if (!body.append(chunk, 0, chunk.length())) {
      end(Verdict.overloaded());
    }
  }

  @Override
  void finish() {
    submit(coding, json);
  }

  @Override
  IngestFigures.Transport transport() {
    return json ? IngestFigures.Transport.HTTP_JSON : IngestFigures.Transport.HTTP_PROTOBUF;
  }

  @Override
  void answer(Verdict verdict) {
    HttpServerResponse response = request.response();
    int status = verdict.outcome().httpStatus();
    int code = verdict.outcome().grpcStatus();
    response.setStatusCode(status).putHeader("content-type", json ? JSON : PROTOBUF);
    if (verdict.retryAfter() != null) {
      long seconds = Math.max(1, verdict.retryAfter().plusMillis(999).toSeconds());
      response.putHeader("retry-after", Long.toString(seconds));
    }
    if (code == 0) {
      response.end(
          Buffer.buffer(
              json
                  ? Answers.acceptedJson(signal(), verdict.rejectedItems(), verdict.message())
                  : Answers.accepted(verdict.rejectedItems(), verdict.message())));
    } else {
      response.end(
          Buffer.buffer(
              json
                  ? Answers.statusJson(code, verdict.message(), verdict.retryAfter())
                  : Answers.status(code, verdict.message(), verdict.retryAfter())));
    }
  }

  /// Refuses what is no request of OTLP, with a line for people.
  static void refuse(Intake intake, HttpServerRequest request, Verdict verdict) {
    intake.figures().countUnknown(verdict.outcome());
    request
        .response()
        .setStatusCode(verdict.outcome().httpStatus())
        .putHeader("content-type", "text/plain; charset=utf-8")
        .end(verdict.message() + "\n");
  }
}
