package io.coral.protocol.http2;

import io.coral.protocol.Bytes;
import io.coral.protocol.Call;
import io.coral.protocol.Direction;
import io.coral.protocol.FrameStream;
import io.coral.protocol.OpenCall;
import io.coral.protocol.Origin;
import io.coral.protocol.Outcome;
import io.coral.protocol.Parser;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A stream is a call: of gRPC, when its content says so, with the status of the trailers.
///
/// Holds at most 4,096 streams; of more, the oldest ends without an answer. A block of headers may
/// have 64 KiB.
final class Http2Parser implements Parser {
  static final String HTTP = "http2";
  static final String GRPC = "grpc";
  private static final int KEPT_BYTES = 16_384;
  private static final int LONGEST_BLOCK = 65_536;
  private static final int MOST_STREAMS = 4_096;
  private static final int CANCEL = 8;
  private static final int REFUSED_STREAM = 7;

  private final Way requests = new Way(Direction.REQUEST);
  private final Way responses = new Way(Direction.RESPONSE);
  private final Map<Integer, Stream> streams =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Stream> eldest) {
          boolean tooMany = size() > MOST_STREAMS;
          if (tooMany) {
            finished.add(eldest.getValue().call.end(true));
          }
          return tooMany;
        }
      };
  private final List<Call> finished = new ArrayList<>();
  private long lostSync;

  private static final class Stream {
    final OpenCall call;
    boolean isGrpc;
    int status;
    @Nullable String grpcStatus;

    Stream(OpenCall call) {
      this.call = call;
    }
  }

  /// One direction.
  private final class Way implements FrameStream.Listener {
    final Direction direction;
    final FrameStream frames = new FrameStream(new Frames(), KEPT_BYTES, this);
    final HeaderTable table = new HeaderTable();

    /// A block that goes on in the next frame.
    private @Nullable ByteArrayOutputStream block;

    private boolean blockIsWhole;
    private boolean blockEnds;
    private Origin blockFirst = Origin.at(0);
    private long blockBytes;

    Way(Direction direction) {
      this.direction = direction;
    }

    @Override
    public void frame(FrameStream.Frame frame) {
      if (Frames.isPreface(frame.bytes(), frame.length())) {
        return;
      }
      int type = frame.bytes()[3];
      int flags = frame.bytes()[4];
      int id = Frames.stream(frame.bytes(), 0);
      switch (type) {
        case Frames.HEADERS, Frames.PUSH_PROMISE -> {
          block = null;
          beginBlock(frame, type, flags, id);
        }
        case Frames.CONTINUATION -> continueBlock(frame, flags, id);
        case Frames.DATA -> data(this, frame, flags, id);
        case Frames.RST_STREAM -> reset(this, frame, id);
        default -> {}
      }
    }

    private void beginBlock(FrameStream.Frame frame, int type, int flags, int id) {
      int from = Frames.HEADER;
      int to = frame.length();
      if ((flags & Frames.PADDED) != 0 && to > from) {
        int padding = frame.bytes()[from] & 0xff;
        from++;
        to = frame.isWhole() ? to - padding : to;
      }
      if (type == Frames.PUSH_PROMISE) {
        from += 4;
      } else if ((flags & Frames.PRIORITY) != 0) {
        from += 5;
      }
      boolean ends = type == Frames.HEADERS && (flags & Frames.END_STREAM) != 0;
      if (from > to) {
        table.forget();
        return;
      }
      if ((flags & Frames.END_HEADERS) != 0) {
        List<HeaderTable.Header> read = table.read(frame.bytes(), from, to, frame.isWhole());
        if (type == Frames.HEADERS) {
          headers(this, id, read, ends, frame.total(), frame.first(), frame.last());
        }
        return;
      }
      block = new ByteArrayOutputStream();
      block.write(frame.bytes(), from, to - from);
      blockIsWhole = frame.isWhole();
      blockEnds = ends;
      blockFirst = frame.first();
      blockBytes = frame.total();
    }

    private void continueBlock(FrameStream.Frame frame, int flags, int id) {
      ByteArrayOutputStream begun = block;
      if (begun == null) {
        return;
      }
      blockBytes += frame.total();
      if (blockIsWhole && begun.size() + frame.length() <= LONGEST_BLOCK) {
        begun.write(frame.bytes(), Frames.HEADER, frame.length() - Frames.HEADER);
        blockIsWhole = frame.isWhole();
      } else {
        blockIsWhole = false;
      }
      if ((flags & Frames.END_HEADERS) != 0) {
        block = null;
        byte[] all = begun.toByteArray();
        headers(
            this,
            id,
            table.read(all, 0, all.length, blockIsWhole),
            blockEnds,
            blockBytes,
            blockFirst,
            frame.last());
      }
    }

    @Override
    public void lost() {
      lostSync++;
      table.forget();
      block = null;
      streams.values().forEach(each -> each.call.incomplete());
    }
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    (direction == Direction.REQUEST ? requests : responses)
        .frames.offer(origin, position, totalBytes, captured);
  }

  private static @Nullable String value(@Nullable List<HeaderTable.Header> headers, String name) {
    if (headers != null) {
      for (HeaderTable.Header each : headers) {
        if (name.equals(each.name())) {
          return each.value();
        }
      }
    }
    return null;
  }

  private void headers(
      Way way,
      int id,
      @Nullable List<HeaderTable.Header> headers,
      boolean ends,
      long bytes,
      Origin first,
      Origin last) {
    Stream stream = streams.get(id);
    if (way.direction == Direction.REQUEST) {
      if (stream == null) {
        stream = begin(headers, first);
        streams.put(id, stream);
      }
      stream.call.asked(bytes, last);
      return;
    }
    if (stream == null) {
      return;
    }
    stream.call.answered(bytes, first, last);
    String status = value(headers, ":status");
    if (status != null && status.length() == 3 && status.charAt(0) != '1') {
      stream.status = number(status);
    }
    noteContent(stream, headers);
    String grpcStatus = value(headers, "grpc-status");
    if (grpcStatus != null) {
      stream.grpcStatus = grpcStatus;
      stream.isGrpc = true;
    }
    if (ends) {
      stream.call.incompleteIf(headers == null);
      end(id, stream);
    }
  }

  private static void noteContent(Stream stream, @Nullable List<HeaderTable.Header> headers) {
    String content = value(headers, "content-type");
    if (content != null && content.startsWith("application/grpc")) {
      stream.isGrpc = true;
    }
  }

  private static Stream begin(@Nullable List<HeaderTable.Header> headers, Origin first) {
    String method = value(headers, ":method");
    String path = value(headers, ":path");
    OpenCall call = new OpenCall(HTTP, method == null || method.isEmpty() ? "?" : method, first);
    if (path != null) {
      int query = path.indexOf('?');
      call.target(query < 0 ? path : path.substring(0, query));
    }
    call.incompleteIf(path == null || method == null);
    String host = value(headers, ":authority");
    if (host == null) {
      host = value(headers, "host");
    }
    if (host != null) {
      call.attribute("server.address", host);
    }
    String trace = value(headers, "traceparent");
    if (trace != null) {
      call.attribute("traceparent", trace);
    }
    Stream stream = new Stream(call);
    noteContent(stream, headers);
    return stream;
  }

  private static int number(String digits) {
    int number = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return 0;
      }
      number = number * 10 + digit;
    }
    return number;
  }

  private void data(Way way, FrameStream.Frame frame, int flags, int id) {
    Stream stream = streams.get(id);
    if (stream == null) {
      return;
    }
    if (way.direction == Direction.REQUEST) {
      stream.call.asked(frame.total(), frame.last());
      return;
    }
    stream.call.answered(frame.total(), frame.first(), frame.last());
    if ((flags & Frames.END_STREAM) != 0) {
      end(id, stream);
    }
  }

  private void reset(Way way, FrameStream.Frame frame, int id) {
    Stream stream = streams.get(id);
    if (stream == null) {
      return;
    }
    int code = Bytes.of(frame, Frames.HEADER).i32();
    boolean isAsked = way.direction == Direction.REQUEST;
    if (isAsked) {
      stream.call.asked(frame.total(), frame.last());
    } else {
      stream.call.answered(frame.total(), frame.first(), frame.last());
    }
    if (stream.isGrpc && stream.grpcStatus == null) {
      // As gRPC tells its applications: cancelled, unavailable, internal.
      stream.grpcStatus = code == CANCEL ? "1" : code == REFUSED_STREAM ? "14" : "13";
    }
    stream.call.attribute("http2.reset", Integer.toString(code));
    streams.remove(id);
    finish(stream, true);
  }

  private void end(int id, Stream stream) {
    streams.remove(id);
    finish(stream, false);
  }

  private void finish(Stream stream, boolean aborted) {
    OpenCall call = stream.call;
    if (stream.isGrpc) {
      call.protocol(GRPC)
          .operation(call.target().isEmpty() ? "?" : call.target().substring(1))
          .attribute("http.response.status_code", Integer.toString(stream.status));
      String status = stream.grpcStatus;
      if (status != null) {
        call.ended(status.equals("0") ? Outcome.OK : Outcome.ERROR, status);
      }
    } else if (stream.status != 0) {
      call.ended(stream.status < 400 ? Outcome.OK : Outcome.ERROR, Integer.toString(stream.status));
    }
    finished.add(call.end(aborted));
  }

  @Override
  public void close(long timeNanos) {
    streams.values().forEach(each -> finish(each, true));
    streams.clear();
  }

  @Override
  public List<Call> drain() {
    List<Call> drained = List.copyOf(finished);
    finished.clear();
    return drained;
  }

  @Override
  public long lostSync() {
    return lostSync;
  }
}
