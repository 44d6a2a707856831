package io.coral.protocol.http1;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// HTTP/1, recognised by a request line or a status line.
public final class Http1 implements Protocol {
  @Override
  public String name() {
    return Http1Parser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (direction == Direction.RESPONSE) {
      return Http1Head.status(bytes, 0, bytes.length) != 0 ? Likeness.YES : Likeness.NO;
    }
    if (!Http1Head.looksLikeRequest(bytes, 0, bytes.length)) {
      return Likeness.NO;
    }
    int space = 0;
    while (space < bytes.length && bytes[space] != ' ') {
      space++;
    }
    int target = space + 1 < bytes.length ? bytes[space + 1] : 0;
    // Other protocols have words, too: `SELECT a`, and HTTP/2 begins with `PRI *`.
    return target == '/' || target == 'h' || (target == '*' && bytes[0] == 'O') || bytes[0] == 'C'
        ? Likeness.YES
        : Likeness.NO;
  }

  @Override
  public Parser open() {
    return new Http1Parser();
  }
}
