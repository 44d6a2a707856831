package io.coral.protocol.http1;

import io.coral.model.HttpRequestHead;
import io.coral.protocol.Origin;
import io.coral.protocol.http1.Http1Head.BodyLength;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Pairs requests and responses of one connection from its bytes: pipelining, split heads, chunked
/// bodies.
///
/// Bytes arrive per direction in order; a record may stand for more bytes than it carries. What is
/// missing is skipped inside a body whose length is known; elsewhere the machine waits for the next
/// record that begins like a message. Owned by one thread; holds at most 16 KiB of head per
/// direction and 1,024 open requests.
public final class Http1Connection {
  private static final int MAX_HEAD_BYTES = 16 * 1024;
  private static final int MAX_OPEN_REQUESTS = 1024;

  private final boolean withHeaders;
  private final ArrayDeque<OpenRequest> open = new ArrayDeque<>();
  private final List<Paired> finished = new ArrayList<>();
  private final Stream requests = new Stream(true);
  private final Stream responses = new Stream(false);
  private @Nullable OpenRequest answering;
  private long lostSync;

  /// A request and its answer.
  ///
  /// @param origin of its first byte
  /// @param status 0 = none seen
  /// @param firstByteNanos of the answer, 0 = none
  /// @param lastByteNanos of the answer, 0 = none
  public record Paired(
      HttpRequestHead head,
      Origin origin,
      long firstByteNanos,
      long lastByteNanos,
      long requestBytes,
      long responseBytes,
      int status,
      boolean aborted) {}

  public Http1Connection() {
    this(false);
  }

  /// @param withHeaders whether the values of headers are kept, see [Http1Head]
  public Http1Connection(boolean withHeaders) {
    this.withHeaders = withHeaders;
  }

  /// Takes bytes of the request direction.
  ///
  /// @param position bytes of this direction before these
  /// @param totalBytes how many bytes of the stream the record stands for
  /// @param captured the first of them
  public void offerRequest(Origin origin, long position, long totalBytes, byte[] captured) {
    requests.offer(origin, position, totalBytes, captured);
  }

  /// Takes bytes of the response direction, see [#offerRequest].
  public void offerResponse(Origin origin, long position, long totalBytes, byte[] captured) {
    responses.offer(origin, position, totalBytes, captured);
  }

  /// The connection has ended: what is still open ends with it.
  public void close() {
    if (answering != null) {
      finish(answering, false);
    }
    answering = null;
    while (!open.isEmpty()) {
      finish(open.remove(), true);
    }
  }

  /// Exchanges that have ended since the last call, oldest first.
  public List<Paired> drain() {
    List<Paired> drained = List.copyOf(finished);
    finished.clear();
    return drained;
  }

  /// How often bytes were missing where the machine needed them.
  public long lostSync() {
    return lostSync;
  }

  private void finish(OpenRequest request, boolean aborted) {
    finished.add(
        new Paired(
            request.head,
            request.origin,
            request.firstByteNanos,
            request.lastByteNanos,
            request.requestBytes,
            request.responseBytes,
            request.status,
            aborted));
  }

  private static final class OpenRequest {
    final HttpRequestHead head;
    final Origin origin;
    long requestBytes;
    long responseBytes;
    long firstByteNanos;
    long lastByteNanos;
    int status;

    OpenRequest(HttpRequestHead head, Origin origin) {
      this.head = head;
      this.origin = origin;
    }
  }

  private enum State {
    HEAD,
    BODY,
    CHUNK_SIZE,
    CHUNK_DATA,
    TRAILER,
    UNTIL_CLOSE,
    LOST,
  }

  /// One direction.
  private final class Stream {
    private final boolean isRequest;
    private State state = State.HEAD;
    private byte[] head = new byte[256];
    private int headLength;
    private @Nullable Origin headOrigin;
    private long position;
    private long remaining;
    private long chunkSize;
    private boolean sizeEnded;
    private int trailerLineLength;
    private @Nullable OpenRequest current;

    Stream(boolean isRequest) {
      this.isRequest = isRequest;
    }

    void offer(Origin origin, long at, long totalBytes, byte[] captured) {
      if (at > position) {
        skip(at - position, origin);
      }
      if (state == State.LOST && beginsMessage(captured)) {
        state = State.HEAD;
        headLength = 0;
      }
      consume(origin, captured);
      if (totalBytes > captured.length) {
        skip(totalBytes - captured.length, origin);
      }
      position = at + totalBytes;
    }

    private boolean beginsMessage(byte[] bytes) {
      return isRequest
          ? Http1Head.looksLikeRequest(bytes, 0, bytes.length)
          : Http1Head.status(bytes, 0, bytes.length) != 0;
    }

    private void skip(long bytes, Origin origin) {
      if ((state == State.BODY || state == State.CHUNK_DATA) && remaining >= bytes) {
        advance(bytes, origin);
      } else if (state == State.UNTIL_CLOSE) {
        count(bytes, origin);
      } else if (state != State.LOST) {
        lostSync++;
        endOfMessage();
        state = State.LOST;
      }
    }

    private void consume(Origin origin, byte[] bytes) {
      int at = 0;
      while (at < bytes.length) {
        switch (state) {
          case HEAD -> at = takeHead(origin, bytes, at);
          case BODY, CHUNK_DATA -> {
            int taken = (int) Math.min(remaining, bytes.length - at);
            advance(taken, origin);
            at += taken;
          }
          case CHUNK_SIZE -> takeChunkSize(bytes[at++], origin);
          case TRAILER -> takeTrailer(bytes[at++], origin);
          case UNTIL_CLOSE -> {
            count((long) bytes.length - at, origin);
            at = bytes.length;
          }
          case LOST -> at = bytes.length;
        }
      }
    }

    private int takeHead(Origin origin, byte[] bytes, int from) {
      if (headLength == 0) {
        headOrigin = origin;
      }
      int length = Math.min(bytes.length - from, MAX_HEAD_BYTES - headLength);
      if (headLength + length > head.length) {
        byte[] larger = new byte[Math.max(headLength + length, head.length * 2)];
        System.arraycopy(head, 0, larger, 0, headLength);
        head = larger;
      }
      System.arraycopy(bytes, from, head, headLength, length);
      int before = headLength;
      headLength += length;
      int end = Http1Head.endOfHead(head, 0, headLength);
      if (end < 0) {
        if (headLength >= MAX_HEAD_BYTES) {
          lostSync++;
          state = State.LOST;
        }
        return from + length;
      }
      headLength = 0;
      if (isRequest) {
        beginRequest(end);
      } else {
        beginResponse(end, origin);
      }
      return from + end - before;
    }

    private void beginRequest(int end) {
      int start = 0;
      while (start < end && (head[start] == '\r' || head[start] == '\n')) {
        start++;
      }
      HttpRequestHead parsed = Http1Head.parseRequest(head, start, end, withHeaders);
      Origin origin = headOrigin;
      if (parsed == null || origin == null) {
        lostSync++;
        state = State.LOST;
        return;
      }
      OpenRequest request = new OpenRequest(parsed, origin);
      request.requestBytes = (long) end - start;
      current = request;
      open.add(request);
      if (open.size() > MAX_OPEN_REQUESTS) {
        finish(open.remove(), true);
      }
      enterBody(Http1Head.bodyLength(head, start, end), false);
    }

    private void beginResponse(int end, Origin last) {
      int status = Http1Head.status(head, 0, end);
      if (status == 0) {
        lostSync++;
        state = State.LOST;
        return;
      }
      if (status / 100 == 1 && status != 101) {
        return;
      }
      OpenRequest request = open.poll();
      if (request == null) {
        lostSync++;
        state = State.LOST;
        return;
      }
      request.status = status;
      request.firstByteNanos = headOrigin == null ? last.timeNanos() : headOrigin.timeNanos();
      request.lastByteNanos = last.timeNanos();
      request.responseBytes = end;
      answering = request;
      current = request;
      boolean tunnel =
          status == 101 || (request.head.method().equals("CONNECT") && status / 100 == 2);
      if (tunnel) {
        endOfMessage();
        state = State.LOST;
        requests.state = State.LOST;
      } else if (Http1Framing.hasNoBody(request.head.method(), status)) {
        endOfMessage();
      } else {
        enterBody(Http1Head.bodyLength(head, 0, end), true);
      }
    }

    private void enterBody(BodyLength length, boolean untilCloseIfUnknown) {
      if (length.chunked()) {
        state = State.CHUNK_SIZE;
        chunkSize = 0;
        sizeEnded = false;
      } else if (length.bytes() > 0) {
        state = State.BODY;
        remaining = length.bytes();
      } else if (length.bytes() < 0 && untilCloseIfUnknown) {
        state = State.UNTIL_CLOSE;
      } else {
        endOfMessage();
      }
    }

    private void advance(long bytes, Origin origin) {
      count(bytes, origin);
      remaining -= bytes;
      if (remaining == 0) {
        if (state == State.BODY) {
          endOfMessage();
        } else {
          state = State.CHUNK_SIZE;
          chunkSize = 0;
          sizeEnded = false;
        }
      }
    }

    private void takeChunkSize(byte b, Origin origin) {
      count(1, origin);
      int digit = Character.digit(b, 16);
      if (b == '\n') {
        if (chunkSize == 0) {
          state = State.TRAILER;
          trailerLineLength = 0;
        } else {
          state = State.CHUNK_DATA;
          remaining = chunkSize + 2;
        }
      } else if (digit >= 0 && !sizeEnded && chunkSize < 1L << 40) {
        chunkSize = chunkSize * 16 + digit;
      } else {
        sizeEnded = true;
      }
    }

    private void takeTrailer(byte b, Origin origin) {
      count(1, origin);
      if (b == '\n') {
        if (trailerLineLength == 0) {
          endOfMessage();
        }
        trailerLineLength = 0;
      } else if (b != '\r') {
        trailerLineLength++;
      }
    }

    private void count(long bytes, Origin origin) {
      OpenRequest request = current;
      if (request == null) {
        return;
      }
      if (isRequest) {
        request.requestBytes += bytes;
      } else {
        request.responseBytes += bytes;
        request.lastByteNanos = origin.timeNanos();
      }
    }

    private void endOfMessage() {
      state = State.HEAD;
      headLength = 0;
      if (!isRequest && current != null) {
        finish(current, false);
        answering = null;
      }
      current = null;
    }
  }
}
