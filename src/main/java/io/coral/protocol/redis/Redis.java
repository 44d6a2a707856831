package io.coral.protocol.redis;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// RESP, recognised by a command that is an array of strings, or by one that is a line of words and
/// what answers it.
public final class Redis implements Protocol {
  @Override
  public String name() {
    return RedisParser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (direction == Direction.REQUEST && Commands.isTyped(bytes)) {
      return Likeness.MAYBE;
    }
    if (!RespStream.begins(bytes, direction == Direction.REQUEST)) {
      return Likeness.NO;
    }
    if (direction == Direction.RESPONSE) {
      return Likeness.MAYBE;
    }
    // `*2\r\n$3\r\n`
    int at = 1;
    while (at < bytes.length && bytes[at] >= '0' && bytes[at] <= '9') {
      at++;
    }
    return at > 1
            && at + 3 < bytes.length
            && bytes[at] == '\r'
            && bytes[at + 1] == '\n'
            && bytes[at + 2] == '$'
            && bytes[at + 3] >= '0'
            && bytes[at + 3] <= '9'
        ? Likeness.YES
        : Likeness.MAYBE;
  }

  @Override
  public Parser open() {
    return new RedisParser();
  }
}
