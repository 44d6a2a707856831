package io.coral.protocol.dns;

import io.coral.protocol.Bytes;
import io.coral.protocol.Call;
import io.coral.protocol.Direction;
import io.coral.protocol.FrameStream;
import io.coral.protocol.OpenCall;
import io.coral.protocol.Origin;
import io.coral.protocol.Outcome;
import io.coral.protocol.Parser;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Pairs questions and answers by id and name. A question that is sent again is one, from the first
/// time on. Holds at most 1,024 questions; of more, the oldest ends without an answer.
final class DnsParser implements Parser {
  static final String NAME = "dns";
  private static final int MOST_OPEN = 1_024;
  private static final int KEPT_BYTES = 1_024;

  private record Question(int id, int type, String name) {}

  private final boolean isDatagrams;
  private final Map<Question, OpenCall> open =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, OpenCall> eldest) {
          boolean tooMany = size() > MOST_OPEN;
          if (tooMany) {
            finished.add(eldest.getValue().end(true));
          }
          return tooMany;
        }
      };
  private final List<Call> finished = new ArrayList<>();
  private final FrameStream requests = stream();
  private final FrameStream responses = stream();
  private long lostSync;

  /// @param isDatagrams whether each record is a message; else each has its length in front
  DnsParser(boolean isDatagrams) {
    this.isDatagrams = isDatagrams;
  }

  private FrameStream stream() {
    return new FrameStream(
        new Lengths(),
        KEPT_BYTES,
        new FrameStream.Listener() {
          @Override
          public void frame(FrameStream.Frame frame) {
            message(frame.bytes(), 2, frame.length(), frame.total(), frame.first(), frame.last());
          }

          @Override
          public void lost() {
            lostSync++;
          }
        });
  }

  private static final class Lengths implements FrameStream.Format {
    @Override
    public int headerBytes() {
      return 2;
    }

    @Override
    public long frameBytes(byte[] header) {
      int length = new Bytes(header, 0, 2).u16();
      return length < 12 ? -1 : 2 + length;
    }

    @Override
    public boolean begins(byte[] bytes) {
      return beginsStream(bytes) != null;
    }
  }

  /// The message at the beginning of a record of a stream.
  static @Nullable DnsMessage beginsStream(byte[] bytes) {
    int length = new Bytes(bytes, 0, 2).u16();
    return length < 17 ? null : DnsMessage.read(bytes, 2, Math.min(bytes.length, 2 + length));
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    if (isDatagrams) {
      message(captured, 0, captured.length, totalBytes, origin, origin);
    } else {
      (direction == Direction.REQUEST ? requests : responses)
          .offer(origin, position, totalBytes, captured);
    }
  }

  private void message(byte[] bytes, int from, int to, long totalBytes, Origin first, Origin last) {
    DnsMessage message = DnsMessage.read(bytes, from, to);
    if (message == null) {
      lostSync++;
      return;
    }
    Question question = new Question(message.id(), message.type(), message.name());
    if (!message.isResponse()) {
      open.computeIfAbsent(
              question, _ -> new OpenCall(NAME, message.typeName(), first).target(message.name()))
          .asked(totalBytes, last);
      return;
    }
    OpenCall call = open.remove(question);
    if (call != null) {
      call.answered(totalBytes, first, last)
          .ended(message.responseCode() == 0 ? Outcome.OK : Outcome.ERROR, message.codeName())
          .attribute("dns.answers", Integer.toString(message.answers()));
      finished.add(call.end(false));
    }
  }

  @Override
  public void close(long timeNanos) {
    open.values().forEach(call -> finished.add(call.end(true)));
    open.clear();
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
