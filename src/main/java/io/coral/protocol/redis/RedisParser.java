package io.coral.protocol.redis;

import io.coral.protocol.Call;
import io.coral.protocol.Direction;
import io.coral.protocol.OpenCall;
import io.coral.protocol.Origin;
import io.coral.protocol.Outcome;
import io.coral.protocol.Parser;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Pairs commands and replies in their order. Messages of subscriptions, invalidations and what
/// MONITOR prints belong to no command.
///
/// Holds at most 65,536 open commands; of more, the oldest ends without an answer.
final class RedisParser implements Parser {
  static final String NAME = "redis";
  private static final int MOST_OPEN = 65_536;
  private static final Set<String> CONFIRMATIONS =
      Set.of(
          "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe");
  private static final Set<String> MESSAGES =
      Set.of("message", "pmessage", "smessage", "invalidate");

  private final RespStream commands =
      new RespStream(
          true,
          new RespStream.Listener() {
            @Override
            public void value(RespStream.Value value) {
              command(value);
            }

            @Override
            public void lost() {
              lostSync++;
            }
          });
  private final RespStream replies =
      new RespStream(
          false,
          new RespStream.Listener() {
            @Override
            public void value(RespStream.Value value) {
              reply(value);
            }

            @Override
            public void lost() {
              // Which command the next reply is for is not known any more.
              lostSync++;
              abandon();
            }
          });

  private final ArrayDeque<Open> open = new ArrayDeque<>();
  private final List<Call> finished = new ArrayList<>();
  private long lostSync;
  private boolean subscribed;
  private boolean monitors;
  private boolean silent;
  private int unanswered;

  private static final class Open {
    final OpenCall call;
    final boolean confirmed;
    long replies;

    /// @param confirmed whether each of its replies confirms a subscription
    Open(OpenCall call, boolean confirmed, long replies) {
      this.call = call;
      this.confirmed = confirmed;
      this.replies = replies;
    }
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    (direction == Direction.REQUEST ? commands : replies)
        .offer(origin, position, totalBytes, captured);
  }

  private void command(RespStream.Value value) {
    if (value.size() == 0 || value.strings().isEmpty()) {
      return;
    }
    String operation = Commands.operation(value);
    OpenCall call =
        new OpenCall(NAME, operation, value.first())
            .target(Commands.target(operation, value))
            .asked(value.bytes(), value.last())
            .incompleteIf(value.cut());
    if (Commands.waits(operation, value)) {
      call.attribute(Call.WAITS, "true");
    }
    if (operation.equals("CLIENT REPLY") && !value.string(2).equalsIgnoreCase("ON")) {
      silent |= value.string(2).equalsIgnoreCase("OFF");
      unanswered = value.string(2).equalsIgnoreCase("SKIP") ? 2 : unanswered;
    } else if (operation.equals("CLIENT REPLY")) {
      silent = false;
    }
    if (silent || unanswered > 0) {
      unanswered = Math.max(0, unanswered - 1);
      finished.add(call.end(false));
      return;
    }
    long names = Math.max(1, value.size() - 1);
    if (Commands.subscribes(operation)) {
      subscribed = true;
      open.add(new Open(call, true, names));
    } else if (Commands.unsubscribes(operation)) {
      // Without names, as many as there are subscriptions; one at least.
      open.add(new Open(call, true, names));
    } else {
      monitors |= operation.equals("MONITOR");
      open.add(new Open(call, false, 1));
    }
    if (open.size() > MOST_OPEN) {
      finished.add(open.remove().call.end(true));
    }
  }

  private void reply(RespStream.Value value) {
    boolean isPush = value.type() == '>';
    boolean mayBePush = isPush || (subscribed && value.type() == '*');
    boolean confirms = mayBePush && CONFIRMATIONS.contains(value.string(0));
    Open head = open.peek();
    if (head == null
        || (mayBePush && MESSAGES.contains(value.string(0)))
        || (isPush && !confirms)
        || (confirms && !head.confirmed)
        || (monitors && !head.call.operation().equals("MONITOR") && isMonitored(value))) {
      return;
    }
    head.call.answered(value.bytes(), value.first(), value.last());
    boolean failed = value.type() == '-' || value.type() == '!';
    head.replies = failed ? 0 : head.replies - 1;
    if (head.replies == 0) {
      head.call.ended(
          failed ? Outcome.ERROR : Outcome.OK, failed ? firstWord(value.string(0)) : "OK");
      finished.add(open.remove().call.end(false));
    }
  }

  /// A line of MONITOR begins with the time.
  private static boolean isMonitored(RespStream.Value value) {
    String line = value.string(0);
    return value.type() == '+' && !line.isEmpty() && Character.isDigit(line.charAt(0));
  }

  /// `WRONGTYPE Operation against …` → `WRONGTYPE`.
  private static String firstWord(String error) {
    int end = 0;
    while (end < Math.min(error.length(), 24)
        && (Character.isUpperCase(error.charAt(end)) || error.charAt(end) == '_')) {
      end++;
    }
    return end == 0 ? "ERR" : error.substring(0, end);
  }

  private void abandon() {
    while (!open.isEmpty()) {
      finished.add(open.remove().call.incomplete().end(true));
    }
  }

  @Override
  public void close(long timeNanos) {
    while (!open.isEmpty()) {
      finished.add(open.remove().call.end(true));
    }
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
