package io.coral.protocol.mysql;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// MySQL and MariaDB, recognised by the server's greeting or by a command that fills its record.
public final class Mysql implements Protocol {
  @Override
  public String name() {
    return MysqlParser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (direction == Direction.RESPONSE) {
      if (MysqlParser.isGreeting(bytes, bytes.length)) {
        return Likeness.YES;
      }
      return bytes.length > 4 && bytes[3] == 1 && MysqlParser.fits(bytes)
          ? Likeness.MAYBE
          : Likeness.NO;
    }
    if (!MysqlParser.isCommand(bytes)) {
      return Likeness.NO;
    }
    boolean isText = bytes[4] == 0x03 || bytes[4] == 0x16;
    return isText && MysqlParser.length(bytes) + 4 == bytes.length && isText(bytes)
        ? Likeness.YES
        : Likeness.MAYBE;
  }

  private static boolean isText(byte[] bytes) {
    int from = bytes.length > 7 && bytes[5] == 0 && bytes[6] == 1 ? 7 : 5;
    for (int at = from; at < Math.min(bytes.length, from + 12); at++) {
      if (bytes[at] >= 0 && bytes[at] < ' ' && bytes[at] != '\n' && bytes[at] != '\t') {
        return false;
      }
    }
    return bytes.length > from + 3;
  }

  @Override
  public Parser open() {
    return new MysqlParser();
  }
}
