package io.coral.protocol.kafka;

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
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Pairs requests and responses by their correlation id. A produce request that wants no
/// acknowledgement gets none, and its outcome is unknown. Holds at most 1,024 requests.
final class KafkaParser implements Parser {
  static final String NAME = "kafka";
  private static final int HEADER = 4;
  private static final int KEPT_BYTES = 8_192;
  private static final int MOST_OPEN = 1_024;
  private static final int LONGEST = 1 << 30;

  private final TopicNames topics;
  private final FrameStream requests = new FrameStream(new Requests(), KEPT_BYTES, new Ask());
  private final FrameStream responses = new FrameStream(new Responses(), KEPT_BYTES, new Answer());
  private final Map<Integer, Open> open =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Open> eldest) {
          boolean tooMany = size() > MOST_OPEN;
          if (tooMany) {
            finished.add(eldest.getValue().call.end(true));
          }
          return tooMany;
        }
      };
  private final List<Call> finished = new ArrayList<>();
  private long lostSync;

  private record Open(Api api, int version, OpenCall call) {}

  KafkaParser(TopicNames topics) {
    this.topics = topics;
  }

  /// The head of a request.
  record Head(Api api, int version, int correlation, String client, KafkaMessage rest) {
    /// @return null when these bytes are none
    static @Nullable Head read(byte[] bytes, int to) {
      Bytes head = new Bytes(bytes, 0, to);
      int length = head.i32();
      int key = head.u16();
      int version = head.u16();
      Api api = Api.of(key, version);
      int correlation = head.i32();
      int clientLength = head.i16();
      if (api == null || head.missing() || length < 8 || length > LONGEST || clientLength > 255) {
        return null;
      }
      String client = clientLength < 0 ? "" : head.text(clientLength);
      if (clientLength < -1 || clientLength > length - 10 || !isName(client)) {
        return null;
      }
      KafkaMessage rest = new KafkaMessage(head, api.isFlexible(version));
      rest.skipTags();
      return new Head(api, version, correlation, client, rest);
    }

    private static boolean isName(String client) {
      return client.chars().allMatch(c -> c >= ' ' && c < 0x7f);
    }
  }

  private static final class Requests implements FrameStream.Format {
    @Override
    public int headerBytes() {
      return HEADER;
    }

    @Override
    public long frameBytes(byte[] header) {
      int length = new Bytes(header, 0, HEADER).i32();
      return length < 8 || length > LONGEST ? -1 : HEADER + (long) length;
    }

    @Override
    public boolean begins(byte[] bytes) {
      return Head.read(bytes, bytes.length) != null;
    }
  }

  private final class Responses implements FrameStream.Format {
    @Override
    public int headerBytes() {
      return HEADER;
    }

    @Override
    public long frameBytes(byte[] header) {
      int length = new Bytes(header, 0, HEADER).i32();
      return length < 4 || length > LONGEST ? -1 : HEADER + (long) length;
    }

    @Override
    public boolean begins(byte[] bytes) {
      return bytes.length >= 8 && open.containsKey(new Bytes(bytes, HEADER, 8).i32());
    }
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    (direction == Direction.REQUEST ? requests : responses)
        .offer(origin, position, totalBytes, captured);
  }

  private final class Ask implements FrameStream.Listener {
    @Override
    public void frame(FrameStream.Frame frame) {
      Head head = Head.read(frame.bytes(), frame.length());
      if (head == null) {
        lost();
        return;
      }
      OpenCall call =
          new OpenCall(NAME, head.api.text(), frame.first()).asked(frame.total(), frame.last());
      if (!head.client.isEmpty()) {
        call.attribute("messaging.client.id", head.client);
      }
      if (head.api.waits()) {
        call.attribute(Call.WAITS, "true");
      }
      boolean isAnswered = true;
      if (head.api.isOfGroup()) {
        String group = head.rest.text();
        if (group != null && !head.rest.bytes().missing()) {
          call.target(group).attribute("messaging.consumer.group.name", group);
        }
      } else if (head.api == Api.PRODUCE) {
        if (head.version >= 3) {
          head.rest.text();
        }
        isAnswered = head.rest.bytes().i16() != 0 || head.rest.bytes().missing();
        name(call, head.rest.produced(head.version, topics));
      } else if (head.api == Api.FETCH) {
        name(call, head.rest.fetched(head.version, topics));
      }
      if (isAnswered) {
        open.put(head.correlation, new Open(head.api, head.version, call));
      } else {
        finished.add(call.end(false));
      }
    }

    @Override
    public void lost() {
      lostSync++;
    }
  }

  private static void name(OpenCall call, Set<String> topics) {
    if (!topics.isEmpty()) {
      call.target(String.join(",", topics));
    }
  }

  private final class Answer implements FrameStream.Listener {
    @Override
    public void frame(FrameStream.Frame frame) {
      Bytes body = Bytes.of(frame, HEADER);
      Open asked = open.remove(body.i32());
      if (asked == null) {
        return;
      }
      OpenCall call = asked.call.answered(frame.total(), frame.first(), frame.last());
      boolean isFlexible = asked.api.isFlexible(asked.version);
      KafkaMessage message = new KafkaMessage(body, isFlexible);
      if (asked.api != Api.API_VERSIONS) {
        message.skipTags();
      }
      Integer error = error(asked, message, call);
      if (error != null) {
        call.ended(error == 0 ? Outcome.OK : Outcome.ERROR, Integer.toString(error));
      }
      finished.add(call.end(false));
    }

    @Override
    public void lost() {
      lostSync++;
    }
  }

  private @Nullable Integer error(Open asked, KafkaMessage message, OpenCall call) {
    if (asked.api == Api.PRODUCE) {
      KafkaMessage.Topics told = message.answeredProduce(asked.version, topics);
      if (call.target().isEmpty()) {
        name(call, told.names());
      }
      return told.error();
    }
    if (asked.api == Api.METADATA) {
      message.learn(asked.version, topics);
    }
    int at = asked.api.errorAt(asked.version);
    if (at < 0) {
      return null;
    }
    int error = message.bytes().skip(at).i16();
    return message.bytes().missing() ? null : error;
  }

  @Override
  public void close(long timeNanos) {
    open.values().forEach(each -> finished.add(each.call.end(true)));
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
