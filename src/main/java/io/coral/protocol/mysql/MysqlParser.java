package io.coral.protocol.mysql;

import io.coral.protocol.Bytes;
import io.coral.protocol.Call;
import io.coral.protocol.Direction;
import io.coral.protocol.FrameStream;
import io.coral.protocol.OpenCall;
import io.coral.protocol.Origin;
import io.coral.protocol.Outcome;
import io.coral.protocol.Parser;
import io.coral.protocol.SqlText;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Pairs commands and their results. Remembers at most 512 statements, and 1,024 commands that wait
/// for an answer.
final class MysqlParser implements Parser {
  static final String NAME = "mysql";
  private static final int HEADER = 4;
  private static final int LONGEST_PACKET = 0xffffff;
  private static final int KEPT_BYTES = 8_192;
  private static final int MOST_STATEMENTS = 512;
  private static final int MOST_OPEN = 1_024;
  private static final int MOST_ATTRIBUTES = 64;
  private static final int COMPRESS = 0x20;
  private static final int TLS = 0x800;
  private static final int DEPRECATE_EOF = 1 << 24;
  private static final int ZSTD = 1 << 26;
  private static final int QUERY_ATTRIBUTES = 1 << 27;
  private static final long LAST_PREPARED = 0xffffffffL;

  private final FrameStream requests =
      new FrameStream(new Packets(true), KEPT_BYTES, listener(this::request));
  private final FrameStream responses =
      new FrameStream(new Packets(false), KEPT_BYTES, listener(this::response));
  private final Map<Long, SqlText> statements =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, SqlText> eldest) {
          return size() > MOST_STATEMENTS;
        }
      };
  private final ArrayDeque<Open> open = new ArrayDeque<>();
  private final List<Call> finished = new ArrayList<>();
  private @Nullable SqlText lastPrepared;
  private int offered = -1;
  private @Nullable Integer agreed;
  private boolean loggingIn;
  private boolean continued;
  private long lostSync;
  private String opaque = "";

  /// @param prepares the statement that is prepared
  private record Open(OpenCall call, ResultReader result, @Nullable SqlText prepares) {}

  private FrameStream.Listener listener(Consumer<FrameStream.Frame> frames) {
    return new FrameStream.Listener() {
      @Override
      public void frame(FrameStream.Frame frame) {
        frames.accept(frame);
      }

      @Override
      public void lost() {
        lostSync++;
        abandon();
      }
    };
  }

  private record Packets(boolean areCommands) implements FrameStream.Format {
    @Override
    public int headerBytes() {
      return HEADER;
    }

    @Override
    public long frameBytes(byte[] header) {
      return HEADER + (long) length(header);
    }

    @Override
    public boolean begins(byte[] bytes) {
      return areCommands ? isCommand(bytes) : bytes.length > HEADER && bytes[3] == 1 && fits(bytes);
    }
  }

  static int length(byte[] bytes) {
    return (int) new Bytes(bytes, 0, 3).le(3);
  }

  /// Whether the first packet ends where the record does, or behind it, or another follows.
  static boolean fits(byte[] bytes) {
    int end = HEADER + length(bytes);
    return end > HEADER
        && (end >= bytes.length || (end + 3 < bytes.length && bytes[end + 3] == bytes[3] + 1));
  }

  /// A record that is one command.
  static boolean isCommand(byte[] bytes) {
    if (bytes.length <= HEADER || bytes[3] != 0) {
      return false;
    }
    int command = bytes[HEADER] & 0xff;
    int length = length(bytes);
    boolean isKnown = (command > 0 && command <= 0x1f && command != 0x05) || command == 0xfa;
    return isKnown && length + HEADER >= bytes.length && (length < 1 << 20 || bytes.length > 64);
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    if (opaque.isEmpty()) {
      (direction == Direction.REQUEST ? requests : responses)
          .offer(origin, position, totalBytes, captured);
    }
  }

  private void request(FrameStream.Frame frame) {
    boolean isCommand = frame.bytes()[3] == 0 && !continued;
    continued = frame.total() - HEADER == LONGEST_PACKET;
    if (isCommand) {
      command(frame);
    } else if (loggingIn) {
      login(frame);
    } else if (!open.isEmpty()) {
      open.getLast().call.asked(frame.total(), frame.last());
    }
  }

  private void command(FrameStream.Frame frame) {
    loggingIn = false;
    Bytes body = Bytes.of(frame, HEADER);
    int command = body.u8();
    switch (command) {
      // These are not answered.
      case 0x01, 0x18 -> {}
      case 0x19 -> statements.remove(body.le(4));
      case 0x03 -> {
        SqlText sql = sql(query(body));
        add(
            call(frame, sql.operation()).target(sql.text()).incompleteIf(!frame.isWhole()),
            ResultReader.Shape.RESULT,
            null);
      }
      case 0x04 -> add(call(frame, "FIELD LIST"), ResultReader.Shape.FIELDS, null);
      case 0x11 -> loggingIn = true;
      case 0x12, 0x1e ->
          add(
              call(frame, "BINLOG DUMP").attribute(Call.WAITS, "true"),
              ResultReader.Shape.FIELDS,
              null);
      case 0x16 -> {
        SqlText sql = sql(body.text(body.left()));
        lastPrepared = sql;
        add(call(frame, "PREPARE").target(sql.text()), ResultReader.Shape.PREPARED, sql);
      }
      case 0x17, 0xfa -> {
        long id = body.le(4);
        SqlText sql = id == LAST_PREPARED ? lastPrepared : statements.get(id);
        add(
            call(frame, sql == null ? "EXECUTE" : sql.operation())
                .target(sql == null ? "" : sql.text())
                .incompleteIf(sql == null),
            ResultReader.Shape.RESULT,
            null);
      }
      case 0x1c -> add(call(frame, "FETCH"), ResultReader.Shape.FIELDS, null);
      default -> add(call(frame, name(command)), ResultReader.Shape.ONE, null);
    }
  }

  private static SqlText sql(String text) {
    return SqlText.of(text, SqlText.Dialect.MYSQL);
  }

  private static OpenCall call(FrameStream.Frame frame, String operation) {
    return new OpenCall(NAME, operation, frame.first()).asked(frame.total(), frame.last());
  }

  private static String name(int command) {
    return switch (command) {
      case 0x02 -> "USE";
      case 0x08 -> "SHUTDOWN";
      case 0x09 -> "STATISTICS";
      case 0x0a -> "PROCESS INFO";
      case 0x0c -> "PROCESS KILL";
      case 0x0d -> "DEBUG";
      case 0x0e -> "PING";
      case 0x1a -> "RESET STATEMENT";
      case 0x1b -> "SET OPTION";
      case 0x1f -> "RESET CONNECTION";
      default -> "COMMAND " + command;
    };
  }

  /// The text of a query. Attributes of it, which clients since 8.0.23 may send, come first.
  private String query(Bytes body) {
    Integer known = agreed;
    boolean hasAttributes =
        known == null ? body.peek() <= 1 && body.left() > 2 : (known & QUERY_ATTRIBUTES) != 0;
    if (hasAttributes) {
      int count = body.u8();
      body.skip(1);
      if (count > 0 && !skipAttributes(body, count)) {
        return "";
      }
    }
    return body.text(body.left());
  }

  /// @return whether it is known where they end
  private static boolean skipAttributes(Bytes body, int count) {
    body.skip((count + 7) / 8);
    if (count > MOST_ATTRIBUTES || body.u8() != 1) {
      return false;
    }
    int[] types = new int[count];
    for (int i = 0; i < count; i++) {
      types[i] = (int) body.le(2) & 0xff;
      body.skip(body.u8());
    }
    for (int type : types) {
      body.skip(
          switch (type) {
            case 0x01 -> 1;
            case 0x02, 0x0d -> 2;
            case 0x03, 0x04, 0x09 -> 4;
            case 0x05, 0x08 -> 8;
            case 0x06 -> 0;
            default -> body.u8();
          });
    }
    return !body.missing();
  }

  private void add(OpenCall call, ResultReader.Shape shape, @Nullable SqlText prepares) {
    Integer known = agreed;
    boolean endsDefinitions = known == null || (known & DEPRECATE_EOF) == 0;
    open.add(new Open(call, new ResultReader(shape, endsDefinitions), prepares));
    if (open.size() > MOST_OPEN) {
      finished.add(open.remove().call.end(true));
    }
  }

  private void login(FrameStream.Frame frame) {
    if (agreed == null) {
      int asked = (int) Bytes.of(frame, HEADER).le(4);
      agreed = asked & offered;
      if ((asked & TLS) != 0 && frame.total() == HEADER + 32) {
        opaque = "tls";
      }
    }
  }

  private void response(FrameStream.Frame frame) {
    Open head = open.peek();
    if (head != null) {
      head.call.answered(frame.total(), frame.first(), frame.last());
      if (head.result.takes(frame)) {
        open.remove();
        finish(head);
      }
    } else if (isGreeting(frame.bytes(), frame.length())) {
      loggingIn = true;
      offered = offered(frame);
    } else if (loggingIn && frame.length() > HEADER) {
      loginAnswered(frame);
    }
  }

  private void loginAnswered(FrameStream.Frame frame) {
    int type = frame.bytes()[HEADER] & 0xff;
    if (type == 0xff) {
      ResultReader result = new ResultReader(ResultReader.Shape.ONE, true);
      result.takes(frame);
      finished.add(
          new OpenCall(NAME, "CONNECT", frame.first())
              .answered(frame.total(), frame.first(), frame.last())
              .ended(Outcome.ERROR, result.status())
              .end(false));
      loggingIn = false;
    } else if (type == 0) {
      loggingIn = false;
      Integer known = agreed;
      if (known != null && (known & (COMPRESS | ZSTD)) != 0) {
        opaque = "compressed";
      }
    }
  }

  static boolean isGreeting(byte[] bytes, int length) {
    return length > 12
        && bytes[3] == 0
        && bytes[4] == 10
        && bytes[5] >= '3'
        && bytes[5] <= '9'
        && length(bytes) < 512;
  }

  /// What the server can do.
  private static int offered(FrameStream.Frame frame) {
    Bytes body = Bytes.of(frame, HEADER + 1);
    body.textToZero();
    long low = body.skip(13).le(2);
    long high = body.skip(3).le(2);
    return body.missing() ? -1 : (int) (high << 16 | low);
  }

  private void finish(Open ended) {
    ResultReader result = ended.result;
    if (ended.prepares != null && result.statementId() >= 0) {
      statements.put(result.statementId(), ended.prepares);
    }
    if (result.rows() > 0) {
      ended.call.attribute("db.response.returned_rows", Long.toString(result.rows()));
    }
    if (!result.sqlState().isEmpty()) {
      ended.call.attribute("db.response.sqlstate", result.sqlState());
    }
    finished.add(ended.call.ended(result.outcome(), result.status()).end(false));
  }

  private void abandon() {
    while (!open.isEmpty()) {
      finished.add(open.remove().call.incomplete().end(true));
    }
    continued = false;
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

  @Override
  public String opaque() {
    return opaque;
  }
}
