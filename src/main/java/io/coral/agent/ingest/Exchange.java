package io.coral.agent.ingest;

import io.coral.otlp.ContentDecoder.Coding;
import io.coral.otlp.Payload;
import io.coral.otlp.Signal;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request from its head to its answer. It is refused as soon as that is known; what a
/// client still sends then is read and dropped, because a connection that is closed with unread
/// bytes takes the answer with it. For the event loop.
abstract class Exchange {
  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

  /// A request has longer the more of it has come: 16 KiB/s are enough.
  private static final long NANOS_PER_BYTE = 1_000_000_000L / (16 << 10);

  /// Read and dropped behind an answer before the connection is closed.
  private static final long MAX_DROPPED_BYTES = 8L * Intake.MAX_MESSAGE_BYTES;

  /// Clients cancel what is answered before they have sent it all, when they have seen the answer;
  /// one that is told to at once may miss the answer.
  private static final long NANOS_TO_CANCEL = 1_000_000_000;

  private static final long HTTP2_NO_ERROR = 0;
  private static final long HTTP2_CANCEL = 8;

  protected final Intake intake;
  protected final HttpServerRequest request;
  protected final Body body;
  private final Signal signal;
  private final PayloadSink sink;
  private final Context context;
  private final long startNanos = System.nanoTime();
  private long receivedBytes;
  private boolean complete;
  private boolean judged;
  private long judgedNanos;

  Exchange(
      Intake intake, HttpServerRequest request, Signal signal, PayloadSink sink, Context context) {
    this.intake = intake;
    this.request = request;
    this.signal = signal;
    this.sink = sink;
    this.context = context;
    this.body = new Body(intake.budget());
  }

  /// Starts reading.
  final void begin() {
    intake.began(this);
    request.exceptionHandler(_ -> abandoned());
    request.endHandler(_ -> completed());
    request.handler(this::received);
  }

  /// Takes a chunk of the body; calls [#end] if that cannot be.
  abstract void append(Buffer chunk);

  /// The body is there: calls [#submit] or [#end].
  abstract void finish();

  /// Sends the answer.
  abstract void answer(Verdict verdict);

  abstract IngestFigures.Transport transport();

  final Signal signal() {
    return signal;
  }

  private void received(Buffer chunk) {
    receivedBytes += chunk.length();
    if (!judged) {
      try {
        append(chunk);
      } catch (OutOfMemoryError e) {
        // A body that lacks a chunk must not be taken for a whole one, and gives its bytes back.
        end(Verdict.overloaded());
      }
    } else if (receivedBytes > MAX_DROPPED_BYTES) {
      cut("dropped too much");
    }
  }

  private void completed() {
    complete = true;
    intake.ended(this);
    if (!judged) {
      finish();
    }
  }

  /// The client went away, or a bad chunk ended the body.
  private void abandoned() {
    intake.ended(this);
    if (!complete && !judged) {
      judged = true;
      body.release();
      count(Verdict.refused(Verdict.Outcome.ABANDONED, ""));
    }
  }

  /// Hands the payload to the sink, and answers when that is done.
  final void submit(Coding coding, boolean json) {
    Payload received = body.payload();
    if (coding == Coding.IDENTITY && !json) {
      offer(received);
    } else {
      intake
          .protobuf(signal, coding, json, received)
          .onSuccess(
              decoded -> {
                if (body.replace(decoded)) {
                  offer(decoded);
                } else {
                  end(Verdict.overloaded());
                }
              })
          .onFailure(failure -> end(failed(failure)));
    }
  }

  private void offer(Payload protobuf) {
    Future<Accepted> accepted;
    try {
      accepted = sink.accept(signal, protobuf.bytes(), protobuf.from(), protobuf.to());
    } catch (RuntimeException | OutOfMemoryError e) {
      // Whatever happens: the bytes of the payload are given back with the answer.
      accepted = Future.failedFuture(e);
    }
    accepted.onComplete(
        result -> {
          if (Vertx.currentContext() == context) {
            stored(result);
          } else {
            context.runOnContext(_ -> stored(result));
          }
        });
  }

  private void stored(AsyncResult<Accepted> result) {
    end(result.succeeded() ? Verdict.of(result.result()) : failed(result.cause()));
  }

  private static Verdict failed(Throwable failure) {
    Verdict verdict = Verdict.of(failure);
    if (verdict.outcome() == Verdict.Outcome.UNAVAILABLE) {
      LOG.warn("OTLP not stored: {}", failure.toString());
    }
    return verdict;
  }

  /// Ends this request with a verdict, unless it has one.
  final void end(Verdict verdict) {
    if (judged) {
      return;
    }
    judged = true;
    judgedNanos = System.nanoTime();
    body.release();
    count(verdict);
    if (!request.response().closed() && !request.response().ended()) {
      answer(verdict);
    }
  }

  private void count(Verdict verdict) {
    intake.figures().count(signal, transport(), verdict, receivedBytes);
  }

  /// Ends a request whose sender is too slow, or goes on sending after its answer.
  final void checkDeadline(long nowNanos) {
    if (judged
        && request.version() == HttpVersion.HTTP_2
        && nowNanos - judgedNanos > NANOS_TO_CANCEL) {
      endStream();
      return;
    }
    long progress = Math.min(receivedBytes, Intake.MAX_MESSAGE_BYTES) * NANOS_PER_BYTE;
    if (nowNanos - startNanos > intake.patienceNanos() + progress) {
      end(Verdict.refused(Verdict.Outcome.TIMEOUT, "the request was not completed in time"));
      cut("slow");
    }
  }

  /// Asks a client of HTTP/2 that has its whole answer to send no more (RFC 9113, section 8.1), so
  /// that the stream ends: clients have only so many.
  private void endStream() {
    intake.ended(this);
    request.response().reset(HTTP2_NO_ERROR);
  }

  private void cut(String reason) {
    intake.ended(this);
    intake.figures().countClosed(reason);
    if (request.version() == HttpVersion.HTTP_2) {
      request.response().reset(HTTP2_CANCEL);
    } else {
      request.connection().close();
    }
  }
}
