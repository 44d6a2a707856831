package io.coral.protocol.postgres;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// PostgreSQL, recognised by its start, or by messages whose lengths fit.
public final class Postgres implements Protocol {
  @Override
  public String name() {
    return PostgresParser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (direction == Direction.REQUEST && PostgresParser.isStart(bytes)) {
      return Likeness.YES;
    }
    boolean begins =
        PostgresParser.beginsTyped(bytes, direction == Direction.REQUEST ? "QPBEDS" : "RZTCE123");
    if (!begins) {
      return Likeness.NO;
    }
    int length =
        (bytes[1] << 24) | ((bytes[2] & 0xff) << 16) | ((bytes[3] & 0xff) << 8) | (bytes[4] & 0xff);
    // A statement that ends with its message.
    boolean isQuery = bytes[0] == 'Q' && length + 1 == bytes.length && bytes[bytes.length - 1] == 0;
    return isQuery ? Likeness.YES : Likeness.MAYBE;
  }

  @Override
  public Parser open() {
    return new PostgresParser();
  }
}
