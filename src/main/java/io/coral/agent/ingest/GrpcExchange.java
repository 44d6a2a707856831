package io.coral.agent.ingest;

import io.coral.otlp.Answers;
import io.coral.otlp.ContentDecoder.Coding;
import io.coral.otlp.Signal;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// A unary gRPC call by hand
/// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): one message behind five
/// bytes, one message or none back, the status in the trailers. By hand because the general
/// server copies the message twice more and decodes it into objects.
final class GrpcExchange extends Exchange {
  static final String CONTENT_TYPE = "application/grpc";
  private static final int PREFIX_BYTES = 5;
  private static final String HEX = "0123456789ABCDEF";

  private final @Nullable Coding coding;
  private int prefixHave;
  private int flag;
  private long messageBytes;

  GrpcExchange(
      Intake intake, HttpServerRequest request, Signal signal, PayloadSink sink, Context context) {
    super(intake, request, signal, sink, context);
    this.coding = Coding.of(request.getHeader("grpc-encoding"));
  }

  /// True for the content types that carry protobuf messages.
  static boolean isMessages(String contentType) {
    return contentType.equals(CONTENT_TYPE) || contentType.equals(CONTENT_TYPE + "+proto");
  }

  @Override
  void append(Buffer chunk) {
    int at = 0;
    while (at < chunk.length() && prefixHave < PREFIX_BYTES) {
      int next = chunk.getByte(at++) & 0xff;
      if (prefixHave++ == 0) {
        flag = next;
      } else {
        messageBytes = messageBytes << 8 | next;
      }
      if (prefixHave == PREFIX_BYTES && !prefixHolds()) {
        return;
      }
    }
    if (at == chunk.length()) {
      return;
    }
    if (chunk.length() - at > messageBytes - body.length()) {
      end(Verdict.refused(Verdict.Outcome.BROKEN_FRAME, "more than one message in the call"));
    } else if (!body.append(chunk, at, chunk.length())) {
      end(Verdict.overloaded());
    }
  }

  private boolean prefixHolds() {
    Verdict refusal = null;
    if (flag > 1) {
      refusal = Verdict.refused(Verdict.Outcome.BROKEN_FRAME, "flags of a message: " + flag);
    } else if (flag == 1 && coding == Coding.IDENTITY) {
      refusal =
          Verdict.refused(
              Verdict.Outcome.BROKEN_FRAME, "a compressed message without grpc-encoding");
    } else if (flag == 1 && coding == null) {
      refusal =
          Verdict.refused(
              Verdict.Outcome.UNSUPPORTED,
              "grpc-encoding (expected: one of " + Coding.ACCEPTED + ")");
    } else if (messageBytes > Intake.MAX_MESSAGE_BYTES) {
      refusal =
          Verdict.refused(
              Verdict.Outcome.TOO_LARGE,
              "message: %d bytes (expected: at most %d)"
                  .formatted(messageBytes, Intake.MAX_MESSAGE_BYTES));
    }
    if (refusal != null) {
      end(refusal);
      return false;
    }
    body.expect((int) messageBytes);
    return true;
  }

  @Override
  void finish() {
    if (prefixHave < PREFIX_BYTES || body.length() < messageBytes) {
      end(Verdict.refused(Verdict.Outcome.BROKEN_FRAME, "the message is cut off or missing"));
    } else {
      submit(flag == 0 || coding == null ? Coding.IDENTITY : coding, false);
    }
  }

  @Override
  IngestFigures.Transport transport() {
    return IngestFigures.Transport.GRPC;
  }

  @Override
  void answer(Verdict verdict) {
    if (verdict.outcome().grpcStatus() != 0) {
      refuse(request.response(), verdict);
      return;
    }
    byte[] message = Answers.accepted(verdict.rejectedItems(), verdict.message());
    HttpServerResponse response = request.response();
    response.putHeader("content-type", CONTENT_TYPE).putTrailer("grpc-status", "0");
    // The trailers follow when the message is out: those that wait when a connection ends throw in
    // Vert.x 5.0, and what waits behind them is never let go.
    response
        .write(
            Buffer.buffer(PREFIX_BYTES + message.length)
                .appendByte((byte) 0)
                .appendInt(message.length)
                .appendBytes(message))
        .onSuccess(_ -> response.end());
  }

  /// Answers with a status and no message: one frame that is headers and trailers.
  static void refuse(HttpServerResponse response, Verdict verdict) {
    int code = verdict.outcome().grpcStatus();
    response
        .putHeader("content-type", CONTENT_TYPE)
        .putHeader("grpc-status", Integer.toString(code))
        .putHeader("grpc-message", percentEncoded(verdict.message()));
    if (verdict.retryAfter() != null) {
      response.putHeader(
          "grpc-status-details-bin",
          Base64.getEncoder()
              .withoutPadding()
              .encodeToString(Answers.status(code, verdict.message(), verdict.retryAfter())));
    }
    if (verdict.outcome() == Verdict.Outcome.UNSUPPORTED) {
      response.putHeader("grpc-accept-encoding", "identity,gzip,zstd");
    }
    response.end();
  }

  private static String percentEncoded(String message) {
    StringBuilder encoded = new StringBuilder(message.length());
    for (byte each : message.getBytes(StandardCharsets.UTF_8)) {
      if (each >= ' ' && each <= '~' && each != '%') {
        encoded.append((char) each);
      } else {
        encoded.append('%').append(HEX.charAt(each >> 4 & 0xf)).append(HEX.charAt(each & 0xf));
      }
    }
    return encoded.toString();
  }
}
