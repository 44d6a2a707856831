package io.coral.protocol.postgres;

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
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Pairs statements and results: a simple query is a call, each execution of a prepared statement
/// is one, and preparing one without executing it is one (`PREPARE`). COPY is a part of the
/// statement that began it.
///
/// Remembers at most 512 statements and as many portals by name, and 10,000 messages that wait for
/// an answer.
final class PostgresParser implements Parser {
  static final String NAME = "postgresql";
  private static final int KEPT_BYTES = 8_192;
  private static final int MOST_NAMES = 512;
  private static final int MOST_OPEN = 10_000;
  private static final int STARTUP = 196_608;
  private static final int CANCEL = 80_877_102;
  private static final int TLS = 80_877_103;
  private static final int GSS = 80_877_104;

  /// What the other end has to answer.
  private enum Kind {
    STARTUP,
    TLS,
    QUERY,
    PARSE,
    EXECUTE,
    FUNCTION,
    SYNC
  }

  private record Waiting(Kind kind, @Nullable OpenCall call) {}

  private final FrameStream requests =
      new FrameStream(new Requests(), KEPT_BYTES, listener(this::request));
  private final FrameStream responses =
      new FrameStream(new Responses(), KEPT_BYTES, listener(this::response));
  private final Map<String, SqlText> statements = names();
  private final Map<String, String> portals = names();
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
  private final List<Call> finished = new ArrayList<>();
  private boolean starts = true;
  private boolean failed;
  private @Nullable Origin batchBegan;
  private long batchBytes;
  private @Nullable OpenCall prepared;
  private boolean executes;
  private long lostSync;
  private String opaque = "";

  private static <V> Map<String, V> names() {
    return new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
        return size() > MOST_NAMES;
      }
    };
  }

  private FrameStream.Listener listener(Consumer<FrameStream.Frame> frames) {
    return new FrameStream.Listener() {
      @Override
      public void frame(FrameStream.Frame frame) {
        frames.accept(frame);
      }

      @Override
      public void lost() {
        lostSync++;
        starts = false;
        abandon();
      }
    };
  }

  /// From the client. The first message has no type.
  private final class Requests implements FrameStream.Format {
    @Override
    public int headerBytes() {
      return starts ? 8 : 5;
    }

    @Override
    public long frameBytes(byte[] header) {
      if (starts) {
        int length = new Bytes(header, 0, 4).i32();
        return isStart(header) && length <= 10_000 ? length : -1;
      }
      return typed(header, "QPBEDSCXFHdcfp");
    }

    @Override
    public boolean begins(byte[] bytes) {
      starts = isStart(bytes);
      return starts || beginsTyped(bytes, "QPBEDSCXFHp");
    }
  }

  /// From the server.
  private final class Responses implements FrameStream.Format {
    private boolean answersTls() {
      Waiting head = waiting.peek();
      return head != null && head.kind == Kind.TLS;
    }

    @Override
    public int headerBytes() {
      return answersTls() ? 1 : 5;
    }

    @Override
    public long frameBytes(byte[] header) {
      return answersTls() ? 1 : typed(header, "RKSZTDCEIN123stnGHWdcAVv");
    }

    @Override
    public boolean begins(byte[] bytes) {
      return beginsTyped(bytes, "RZTCEIN123Snt");
    }
  }

  private static long typed(byte[] header, String types) {
    long length = new Bytes(header, 1, 5).i32();
    return types.indexOf(header[0]) < 0 || length < 4 || length > 1 << 30 ? -1 : length + 1;
  }

  static boolean isStart(byte[] bytes) {
    if (bytes.length < 8) {
      return false;
    }
    Bytes head = new Bytes(bytes, 0, 8);
    int length = head.i32();
    int code = head.i32();
    return switch (code) {
      case TLS, GSS -> length == 8;
      case CANCEL -> length >= 16 && length <= 300;
      // 3.0 and 3.2
      default -> (code == STARTUP || code == STARTUP + 2) && length > 8 && length < 10_000;
    };
  }

  /// A typed message of a length that its type can have.
  static boolean beginsTyped(byte[] bytes, String types) {
    if (bytes.length < 5 || types.indexOf(bytes[0]) < 0) {
      return false;
    }
    int length = new Bytes(bytes, 1, 5).i32();
    if (length < 4 || length > 1 << 24) {
      return false;
    }
    // Behind a message that is there as a whole begins another.
    int next = length + 1;
    return next >= bytes.length || Character.isLetterOrDigit(bytes[next]);
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
    if (starts) {
      begin(frame);
      return;
    }
    Bytes body = Bytes.of(frame, 5);
    switch (frame.bytes()[0]) {
      case 'Q' -> {
        SqlText sql = sql(body.textToZero());
        add(
            Kind.QUERY,
            call(frame, sql).asked(frame.total(), frame.last()).incompleteIf(!frame.isWhole()));
      }
      case 'P' -> {
        String name = body.textToZero();
        SqlText sql = sql(body.textToZero());
        statements.put(name, sql);
        OpenCall call = call(frame, sql).incompleteIf(!frame.isWhole());
        noteBatch(frame);
        prepared = call;
        add(Kind.PARSE, call);
      }
      case 'B' -> {
        noteBatch(frame);
        portals.put(body.textToZero(), body.textToZero());
      }
      case 'D', 'C', 'H' -> noteBatch(frame);
      case 'E' -> {
        noteBatch(frame);
        SqlText sql = statements.get(portals.getOrDefault(body.textToZero(), ""));
        Origin began = batchBegan == null ? frame.first() : batchBegan;
        OpenCall call = new OpenCall(NAME, sql == null ? "EXECUTE" : sql.operation(), began);
        call.target(sql == null ? "" : sql.text())
            .incompleteIf(sql == null)
            .asked(batchBytes, frame.last());
        batchBegan = null;
        batchBytes = 0;
        executes = true;
        add(Kind.EXECUTE, call);
      }
      case 'S' -> {
        OpenCall alone = executes ? null : prepared;
        if (alone != null) {
          noteBatch(frame);
          alone.operation("PREPARE").asked(batchBytes, frame.last());
        }
        batchBegan = null;
        batchBytes = 0;
        executes = false;
        prepared = null;
        add(Kind.SYNC, alone);
      }
      case 'F' ->
          add(
              Kind.FUNCTION,
              new OpenCall(NAME, "CALL", frame.first()).asked(frame.total(), frame.last()));
      case 'd', 'c', 'f' -> {
        for (Waiting each : waiting) {
          if (each.call != null) {
            each.call.asked(frame.total(), frame.last());
            break;
          }
        }
      }
      default -> {}
    }
  }

  private void begin(FrameStream.Frame frame) {
    int code = new Bytes(frame.bytes(), 4, 8).i32();
    if (code == TLS || code == GSS) {
      add(Kind.TLS, null);
    } else if (code == CANCEL) {
      finished.add(
          new OpenCall(NAME, "CANCEL", frame.first())
              .asked(frame.total(), frame.last())
              .end(false));
    } else {
      starts = false;
      add(
          Kind.STARTUP,
          new OpenCall(NAME, "CONNECT", frame.first()).asked(frame.total(), frame.last()));
    }
  }

  private static SqlText sql(String text) {
    return SqlText.of(text, SqlText.Dialect.POSTGRESQL);
  }

  private static OpenCall call(FrameStream.Frame frame, SqlText sql) {
    return new OpenCall(NAME, sql.operation(), frame.first()).target(sql.text());
  }

  /// A statement is asked for from the first message that has to do with it.
  private void noteBatch(FrameStream.Frame frame) {
    if (batchBegan == null) {
      batchBegan = frame.first();
    }
    batchBytes += frame.total();
  }

  private void add(Kind kind, @Nullable OpenCall call) {
    waiting.add(new Waiting(kind, call));
    if (waiting.size() > MOST_OPEN) {
      lostSync++;
      abandon();
    }
  }

  private void response(FrameStream.Frame frame) {
    Waiting head = waiting.peek();
    if (head == null) {
      return;
    }
    if (head.kind == Kind.TLS) {
      waiting.remove();
      if (frame.bytes()[0] != 'N') {
        opaque = frame.bytes()[0] == 'S' ? "tls" : "gss";
      }
      return;
    }
    char type = (char) frame.bytes()[0];
    switch (type) {
      case '1' -> removePrepared();
      case 'C', 'I', 's' -> {
        Bytes body = Bytes.of(frame, 5);
        Waiting done = head;
        if (done.call != null && type != 's') {
          String rows = type == 'C' ? rows(body.textToZero()) : "";
          if (!rows.isEmpty()) {
            done.call.attribute("db.response.returned_rows", rows);
          }
        }
        answer(frame, done);
        if (done.kind == Kind.EXECUTE) {
          end(waiting.remove(), Outcome.OK, "OK");
        }
      }
      case 'V' -> answer(frame, head);
      case 'E' -> fail(frame);
      case 'Z' -> ready(frame);
      case 'A', 'N', 'S', 'K', 'v' -> {}
      default -> answer(frame, head);
    }
  }

  private static void answer(FrameStream.Frame frame, Waiting waiting) {
    if (waiting.call != null) {
      waiting.call.answered(frame.total(), frame.first(), frame.last());
    }
  }

  private void removePrepared() {
    Waiting head = waiting.peek();
    if (head != null && head.kind == Kind.PARSE) {
      waiting.remove();
    }
  }

  private void fail(FrameStream.Frame frame) {
    String code = sqlState(frame);
    // The one that failed; what was sent behind it is not done.
    Waiting prepare = null;
    for (Iterator<Waiting> each = waiting.iterator(); each.hasNext(); ) {
      Waiting next = each.next();
      if (next.kind == Kind.QUERY || next.kind == Kind.FUNCTION || next.kind == Kind.STARTUP) {
        answer(frame, next);
        if (next.call != null) {
          next.call.ended(Outcome.ERROR, code);
        }
        if (next.kind == Kind.STARTUP) {
          each.remove();
          end(next, Outcome.ERROR, code);
        }
        return;
      }
      if (next.kind == Kind.SYNC) {
        if (next.call != null) {
          next.call.ended(Outcome.ERROR, code);
        } else if (prepare != null && !failed) {
          end(prepare, Outcome.ERROR, code);
        }
        return;
      }
      each.remove();
      if (next.kind == Kind.PARSE) {
        prepare = prepare == null ? next : prepare;
      } else if (!failed) {
        failed = true;
        answer(frame, next);
        end(next, Outcome.ERROR, code);
      } else {
        aborted(next);
      }
    }
  }

  private void aborted(Waiting each) {
    if (each.call != null) {
      finished.add(each.call.end(true));
    }
  }

  private void ready(FrameStream.Frame frame) {
    failed = false;
    while (!waiting.isEmpty()) {
      Waiting next = waiting.remove();
      switch (next.kind) {
        case QUERY, FUNCTION, SYNC -> {
          if (next.call != null) {
            answer(frame, next);
            boolean isError = next.call.outcome() == Outcome.ERROR;
            finished.add((isError ? next.call : next.call.ended(Outcome.OK, "OK")).end(false));
          }
          return;
        }
        case STARTUP -> {
          return;
        }
        case PARSE, TLS -> {}
        case EXECUTE -> aborted(next);
      }
    }
  }

  private void end(Waiting waiting, Outcome outcome, String status) {
    if (waiting.call != null) {
      finished.add(waiting.call.ended(outcome, status).end(false));
    }
  }

  /// `INSERT 0 5` → `5`
  private static String rows(String tag) {
    int space = tag.lastIndexOf(' ');
    String last = tag.substring(space + 1);
    return space > 0 && !last.isEmpty() && last.chars().allMatch(Character::isDigit) ? last : "";
  }

  private static String sqlState(FrameStream.Frame frame) {
    Bytes body = Bytes.of(frame, 5);
    while (body.left() > 0) {
      int field = body.u8();
      if (field == 0) {
        break;
      }
      String value = body.textToZero();
      if (field == 'C') {
        return value;
      }
    }
    return "";
  }

  private void abandon() {
    while (!waiting.isEmpty()) {
      Waiting next = waiting.remove();
      if (next.call != null && next.kind != Kind.PARSE && next.kind != Kind.STARTUP) {
        finished.add(next.call.incomplete().end(true));
      }
    }
    batchBegan = null;
    batchBytes = 0;
    prepared = null;
    executes = false;
    failed = false;
  }

  @Override
  public void close(long timeNanos) {
    while (!waiting.isEmpty()) {
      Waiting next = waiting.remove();
      if (next.kind != Kind.PARSE && next.kind != Kind.STARTUP) {
        aborted(next);
      }
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
