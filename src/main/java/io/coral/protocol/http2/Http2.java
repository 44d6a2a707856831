package io.coral.protocol.http2;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;

/// HTTP/2 and gRPC, recognised by the preface or by frames that follow one another.
public final class Http2 implements Protocol {
  @Override
  public String name() {
    return Http2Parser.HTTP;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    if (direction == Direction.REQUEST && Frames.isPreface(bytes, bytes.length)) {
      return Likeness.YES;
    }
    int frames = Frames.frames(bytes);
    return frames == 0 ? Likeness.NO : frames == 1 ? Likeness.MAYBE : Likeness.YES;
  }

  @Override
  public Parser open() {
    return new Http2Parser();
  }
}
