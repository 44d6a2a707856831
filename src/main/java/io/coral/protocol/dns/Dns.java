package io.coral.protocol.dns;

import io.coral.protocol.Direction;
import io.coral.protocol.Parser;
import io.coral.protocol.Protocol;
import org.jspecify.annotations.Nullable;

/// DNS over UDP.
public final class Dns implements Protocol {
  @Override
  public String name() {
    return DnsParser.NAME;
  }

  @Override
  public Likeness likeness(Direction direction, byte[] bytes) {
    return likeness(direction, DnsMessage.read(bytes, 0, bytes.length));
  }

  private static Likeness likeness(Direction direction, @Nullable DnsMessage message) {
    return message != null && message.isResponse() == (direction == Direction.RESPONSE)
        ? Likeness.YES
        : Likeness.NO;
  }

  @Override
  public boolean isDatagrams() {
    return true;
  }

  @Override
  public Parser open() {
    return new DnsParser(true);
  }

  /// DNS over TCP.
  public static final class OverTcp implements Protocol {
    @Override
    public String name() {
      return DnsParser.NAME;
    }

    @Override
    public Likeness likeness(Direction direction, byte[] bytes) {
      return Dns.likeness(direction, DnsParser.beginsStream(bytes));
    }

    @Override
    public Parser open() {
      return new DnsParser(false);
    }
  }
}
