package io.coral.protocol.tds;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// SQL Server, recognised by a packet that fills its record.
public final class Tds implements Protocol {
  @Override
  public String name() {
    return TdsParser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (!TdsParser.begins(direction, bytes)) {
      return Likeness.NO;
    }
    int length = ((bytes[2] & 0xff) << 8) | (bytes[3] & 0xff);
    return length == bytes.length && bytes[1] == 1 ? Likeness.YES : Likeness.MAYBE;
  }

  @Override
  public Parser open() {
    return new TdsParser();
  }
}
