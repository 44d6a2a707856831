package io.coral.protocol.mysql;

import io.coral.protocol.Bytes;
import io.coral.protocol.FrameStream;
import io.coral.protocol.Outcome;

/// Follows the packets of one answer to its end. What it needs of a packet are its length and its
/// first bytes.
///
/// Ends that agreed on `CLIENT_DEPRECATE_EOF` leave out the packet behind the columns; whether they
/// did is seen from the packet that is there.
final class ResultReader {
  private static final int MORE_RESULTS = 0x0008;
  private static final int HEADER = 4;

  /// What is expected.
  enum Shape {
    /// OK, an error, or rows.
    RESULT,
    /// A statement, then its parameters and columns.
    PREPARED,
    /// Rows or columns until an end.
    FIELDS,
    /// One packet.
    ONE
  }

  private enum State {
    FIRST,
    COLUMNS,
    AFTER_COLUMNS,
    ROWS,
    DEFINITIONS,
    DONE
  }

  private final Shape shape;
  private final boolean endsDefinitions;
  private State state = State.FIRST;
  private long columns;
  private long moreDefinitions;
  private long rows;
  private long statementId = -1;
  private Outcome outcome = Outcome.UNKNOWN;
  private String status = "";
  private String sqlState = "";

  /// @param endsDefinitions whether a packet follows what a prepared statement consists of
  ResultReader(Shape shape, boolean endsDefinitions) {
    this.shape = shape;
    this.endsDefinitions = endsDefinitions;
  }

  /// Takes a packet.
  ///
  /// @return whether the answer has ended
  boolean takes(FrameStream.Frame frame) {
    long length = frame.total() - HEADER;
    int type = frame.length() > HEADER ? frame.bytes()[HEADER] & 0xff : -1;
    boolean isEnd = type == 0xfe && length <= 5;
    if (type == 0xff && length >= 3 && state != State.COLUMNS && state != State.DEFINITIONS) {
      error(Bytes.of(frame, HEADER + 1));
      return true;
    }
    switch (state) {
      case FIRST -> first(type, length, frame);
      case COLUMNS -> {
        columns--;
        if (columns == 0) {
          state = State.AFTER_COLUMNS;
        }
      }
      case AFTER_COLUMNS -> {
        state = State.ROWS;
        if (!isEnd) {
          row(type, length, frame);
        }
      }
      case ROWS -> row(type, length, frame);
      case DEFINITIONS -> {
        columns -= isEnd ? 0 : 1;
        if (columns <= 0 && (isEnd || !endsDefinitions)) {
          columns = moreDefinitions;
          moreDefinitions = 0;
          if (columns == 0) {
            ok();
          }
        }
      }
      case DONE -> {}
    }
    return state == State.DONE;
  }

  private void first(int type, long length, FrameStream.Frame frame) {
    Bytes body = Bytes.of(frame, HEADER + 1);
    switch (shape) {
      case ONE -> ok();
      case PREPARED -> {
        if (type == 0 && length >= 12) {
          prepared(body);
        } else {
          state = State.DONE;
        }
      }
      case FIELDS -> {
        state = State.ROWS;
        row(type, length, frame);
      }
      case RESULT -> {
        if (type == 0) {
          okPacket(body);
        } else if (type == 0xfe && length <= 5) {
          ok();
        } else if (type != 0xfb) {
          // Not a wish for a file, which the client answers.
          columns = number(Bytes.of(frame, HEADER));
          state = columns > 0 ? State.COLUMNS : State.DONE;
        }
      }
    }
  }

  private void prepared(Bytes body) {
    statementId = body.le(4);
    long results = body.le(2);
    long parameters = body.le(2);
    columns = parameters > 0 ? parameters : results;
    moreDefinitions = parameters > 0 ? results : 0;
    if (columns == 0) {
      ok();
    } else {
      state = State.DEFINITIONS;
    }
  }

  private void row(int type, long length, FrameStream.Frame frame) {
    if (type != 0xfe || length >= 0xffffff) {
      rows++;
    } else if (length > 5) {
      okPacket(Bytes.of(frame, HEADER + 1));
    } else {
      Bytes body = Bytes.of(frame, HEADER + 1).skip(2);
      next((int) body.le(2));
    }
  }

  private void okPacket(Bytes body) {
    number(body);
    number(body);
    next((int) body.le(2));
  }

  private void next(int flags) {
    if ((flags & MORE_RESULTS) != 0 && shape == Shape.RESULT) {
      state = State.FIRST;
    } else {
      ok();
    }
  }

  private void ok() {
    state = State.DONE;
    outcome = Outcome.OK;
    status = "OK";
  }

  private void error(Bytes body) {
    state = State.DONE;
    outcome = Outcome.ERROR;
    status = Long.toString(body.le(2));
    if (body.peek() == '#') {
      sqlState = body.skip(1).text(5);
    }
  }

  /// A number of one to nine bytes.
  private static long number(Bytes body) {
    int first = body.u8();
    return switch (first) {
      case 0xfc -> body.le(2);
      case 0xfd -> body.le(3);
      case 0xfe -> body.le(8);
      default -> first;
    };
  }

  /// Of a statement that was prepared, else -1.
  long statementId() {
    return statementId;
  }

  long rows() {
    return rows;
  }

  Outcome outcome() {
    return outcome;
  }

  /// `OK`, or the number of the error; empty when it is not known.
  String status() {
    return status;
  }

  String sqlState() {
    return sqlState;
  }
}
