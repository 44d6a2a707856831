package io.coral.protocol.tds;

import io.coral.protocol.Bytes;
import io.coral.protocol.Call;
import io.coral.protocol.Direction;
import io.coral.protocol.FrameStream;
import io.coral.protocol.OpenCall;
import io.coral.protocol.Origin;
import io.coral.protocol.Outcome;
import io.coral.protocol.Parser;
import io.coral.protocol.SqlText;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Pairs requests and answers: one is open at a time. Of a request the first 8 KiB are read. An
/// answer that begins with an error, or whose last packet is there and ends with one, has failed;
/// where its end is not there, how it ended is unknown.
final class TdsParser implements Parser {
  static final String NAME = "mssql";
  private static final int HEADER = 8;
  private static final int KEPT_BYTES = 32_768;
  private static final int KEPT_REQUEST = 8_192;
  private static final int BATCH = 1;
  private static final int RPC = 3;
  private static final int RESPONSE = 4;
  private static final int ATTENTION = 6;
  private static final int TRANSACTION = 14;
  private static final int LOGIN = 16;
  private static final int PRELOGIN = 18;
  private static final int LAST_PACKET = 1;
  private static final int ERROR_TOKEN = 0xaa;
  private static final int DONE_BYTES = 13;

  private final FrameStream requests =
      new FrameStream(new Packets(true), KEPT_BYTES, listener(this::request));
  private final FrameStream responses =
      new FrameStream(new Packets(false), KEPT_BYTES, listener(this::response));
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private final List<Call> finished = new ArrayList<>();
  private @Nullable OpenCall open;
  private boolean messageCut;
  private boolean messageBegan;
  private long messageBytes;
  private Origin messageFirst = Origin.at(0);
  private boolean answerBegan;
  private int answerError;
  private long lostSync;
  private String opaque = "";

  private FrameStream.Listener listener(Consumer<FrameStream.Frame> frames) {
    return new FrameStream.Listener() {
      @Override
      public void frame(FrameStream.Frame frame) {
        frames.accept(frame);
      }

      @Override
      public void lost() {
        lostSync++;
        messageBegan = false;
        endOpen(true);
      }
    };
  }

  private record Packets(boolean areRequests) implements FrameStream.Format {
    @Override
    public int headerBytes() {
      return HEADER;
    }

    @Override
    public long frameBytes(byte[] header) {
      int length = new Bytes(header, 2, 4).u16();
      boolean isType = areRequests ? isRequest(header[0]) : header[0] == RESPONSE;
      return isType && length >= HEADER && header[1] >= 0 && header[1] < 0x20 && header[7] == 0
          ? length
          : -1;
    }

    @Override
    public boolean begins(byte[] bytes) {
      return bytes.length >= HEADER && frameBytes(bytes) >= HEADER;
    }
  }

  private static boolean isRequest(byte type) {
    return switch (type) {
      case BATCH, RPC, RESPONSE, ATTENTION, 7, 8, TRANSACTION, LOGIN, 17, PRELOGIN -> true;
      default -> false;
    };
  }

  static boolean begins(Direction direction, byte[] bytes) {
    return new Packets(direction == Direction.REQUEST).begins(bytes);
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    if (!opaque.isEmpty()) {
      return;
    }
    boolean isTls = captured.length > 2 && captured[0] == 0x17 && captured[1] == 3;
    if (isTls) {
      opaque = "tls";
      endOpen(true);
      return;
    }
    (direction == Direction.REQUEST ? requests : responses)
        .offer(origin, position, totalBytes, captured);
  }

  private void request(FrameStream.Frame frame) {
    int type = frame.bytes()[0];
    if (type == ATTENTION) {
      OpenCall cancelled = open;
      if (cancelled != null) {
        cancelled.asked(frame.total(), frame.last()).attribute("mssql.cancelled", "true");
      }
      return;
    }
    if (!messageBegan) {
      messageBegan = true;
      message.reset();
      messageCut = false;
      messageBytes = 0;
      messageFirst = frame.first();
    }
    int room = KEPT_REQUEST - message.size();
    int there = frame.length() - HEADER;
    if (!messageCut) {
      message.write(frame.bytes(), HEADER, Math.min(room, there));
    }
    messageCut |= there > room || !frame.isWhole();
    messageBytes += frame.total();
    if ((frame.bytes()[1] & LAST_PACKET) == 0) {
      return;
    }
    messageBegan = false;
    byte[] body = message.toByteArray();
    OpenCall call =
        switch (type) {
          case BATCH -> statement(text(body, afterHeaders(body), body.length));
          case RPC -> procedure(body);
          case TRANSACTION -> new OpenCall(NAME, transaction(body), messageFirst);
          case 7 -> new OpenCall(NAME, "BULK LOAD", messageFirst);
          default -> null;
        };
    if (call != null) {
      endOpen(true);
      open = call.asked(messageBytes, frame.last()).incompleteIf(messageCut);
      answerBegan = false;
      answerError = 0;
    }
  }

  private OpenCall statement(String text) {
    SqlText sql = SqlText.of(text, SqlText.Dialect.SQL_SERVER);
    return new OpenCall(NAME, sql.operation(), messageFirst).target(sql.text());
  }

  /// Since 7.2, headers come first, with their length.
  private static int afterHeaders(byte[] body) {
    long length = new Bytes(body, 0, 4).le(4);
    return length >= 4 && length <= 512 && length <= body.length ? (int) length : 0;
  }

  private static String text(byte[] body, int from, int to) {
    int end = to - (to - from) % 2;
    return end <= from ? "" : new String(body, from, end - from, StandardCharsets.UTF_16LE);
  }

  private static String transaction(byte[] body) {
    Bytes request = new Bytes(body, afterHeaders(body), body.length);
    return switch ((int) request.le(2)) {
      case 5 -> "BEGIN";
      case 7 -> "COMMIT";
      case 8 -> "ROLLBACK";
      case 9 -> "SAVE";
      default -> "TRANSACTION";
    };
  }

  private OpenCall procedure(byte[] body) {
    Bytes request = new Bytes(body, afterHeaders(body), body.length);
    int length = (int) request.le(2);
    String name;
    int id = -1;
    if (length == 0xffff) {
      id = (int) request.le(2);
      name = systemProcedure(id);
    } else {
      name =
          text(body, request.position(), request.position() + Math.min(2 * length, request.left()));
      request.skip(2L * length);
    }
    boolean executes = id == 10 || name.equalsIgnoreCase("sp_executesql");
    boolean prepares = id == 13 || id == 11 || name.equalsIgnoreCase("sp_prepexec");
    request.skip(2);
    String sql =
        executes ? parameter(body, request) : prepares ? thirdParameter(body, request) : "";
    if (!sql.isEmpty()) {
      OpenCall call = statement(sql).attribute("db.stored_procedure.name", name);
      return id == 11 ? call.operation("PREPARE") : call;
    }
    return new OpenCall(NAME, "EXEC", messageFirst).target(name).incompleteIf(executes || prepares);
  }

  private static String systemProcedure(int id) {
    return switch (id) {
      case 1 -> "sp_cursor";
      case 2 -> "sp_cursoropen";
      case 3 -> "sp_cursorprepare";
      case 4 -> "sp_cursorexecute";
      case 5 -> "sp_cursorprepexec";
      case 6 -> "sp_cursorunprepare";
      case 7 -> "sp_cursorfetch";
      case 8 -> "sp_cursoroption";
      case 9 -> "sp_cursorclose";
      case 10 -> "sp_executesql";
      case 11 -> "sp_prepare";
      case 12 -> "sp_execute";
      case 13 -> "sp_prepexec";
      case 14 -> "sp_prepexecrpc";
      case 15 -> "sp_unprepare";
      default -> "procedure " + id;
    };
  }

  /// The text behind the handle and the parameters' types.
  private static String thirdParameter(byte[] body, Bytes request) {
    request.skip(2L * request.u8()).skip(1);
    if (request.u8() != 0x26) {
      return "";
    }
    request.skip(1).skip(request.u8());
    parameter(body, request);
    return parameter(body, request);
  }

  /// A parameter that is text, empty when it is none.
  private static String parameter(byte[] body, Bytes request) {
    request.skip(2L * request.u8()).skip(1);
    int type = request.u8();
    if (type == 0x63) {
      // NTEXT
      request.skip(4 + 5);
      int length = Math.clamp(request.le(4), 0, request.left());
      int from = request.position();
      request.skip(length);
      return text(body, from, from + length);
    }
    if (type != 0xe7) {
      return "";
    }
    boolean isLong = request.le(2) == 0xffff;
    request.skip(5);
    if (isLong) {
      return chunks(body, request);
    }
    int length = (int) Math.min(request.le(2), request.left());
    int from = request.position();
    request.skip(length);
    return text(body, from, from + length);
  }

  private static String chunks(byte[] body, Bytes request) {
    request.skip(8);
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (long length = request.le(4); length > 0; length = request.le(4)) {
      int there = (int) Math.min(length, request.left());
      text.write(body, request.position(), there);
      request.skip(there);
      if (there < length) {
        break;
      }
    }
    byte[] all = text.toByteArray();
    return text(all, 0, all.length);
  }

  private void response(FrameStream.Frame frame) {
    OpenCall call = open;
    if (call == null) {
      return;
    }
    call.answered(frame.total(), frame.first(), frame.last());
    byte[] bytes = frame.bytes();
    if (!answerBegan && frame.length() > HEADER && (bytes[HEADER] & 0xff) == ERROR_TOKEN) {
      Bytes token = Bytes.of(frame, HEADER + 3);
      answerError = (int) token.le(4);
    }
    answerBegan = true;
    if ((bytes[1] & LAST_PACKET) == 0) {
      return;
    }
    if (answerError != 0) {
      call.ended(Outcome.ERROR, Integer.toString(answerError));
    } else if (frame.isWhole() && frame.length() >= HEADER + DONE_BYTES) {
      byte[] done = Arrays.copyOfRange(bytes, frame.length() - DONE_BYTES, frame.length());
      int token = done[0] & 0xff;
      if (token >= 0xfd) {
        boolean failed = (done[1] & 0x02) != 0;
        call.ended(failed ? Outcome.ERROR : Outcome.OK, failed ? "ERROR" : "OK");
      }
    }
    endOpen(false);
  }

  private void endOpen(boolean aborted) {
    OpenCall call = open;
    if (call != null) {
      finished.add(call.end(aborted));
      open = null;
    }
  }

  @Override
  public void close(long timeNanos) {
    endOpen(true);
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
