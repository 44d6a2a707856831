package io.coral.protocol;

import java.util.ArrayList;
import java.util.List;

/// A connection that a test makes up: every record is seen 100 ns after the one before.
public final class Conversation {
  private final Parser parser;
  private final List<Call> calls = new ArrayList<>();
  private final long[] positions;
  private long time;

  /// @param joined bytes that went either way before the capture began
  public Conversation(Protocol protocol, long joined) {
    this.parser = protocol.open();
    this.positions = new long[] {joined, joined};
  }

  public static Conversation of(Protocol protocol) {
    return new Conversation(protocol, 0);
  }

  public Conversation asks(byte[] bytes) {
    return offer(Direction.REQUEST, bytes, bytes.length);
  }

  public Conversation answers(byte[] bytes) {
    return offer(Direction.RESPONSE, bytes, bytes.length);
  }

  /// A record of which only the first bytes are there.
  public Conversation offer(Direction direction, byte[] captured, long total) {
    time += 100;
    parser.offer(direction, Origin.at(time), positions[direction.ordinal()], total, captured);
    positions[direction.ordinal()] += total;
    calls.addAll(parser.drain());
    return this;
  }

  /// Bytes that nobody saw.
  public Conversation misses(Direction direction, long bytes) {
    positions[direction.ordinal()] += bytes;
    return this;
  }

  public List<Call> calls() {
    return List.copyOf(calls);
  }

  public Call only() {
    if (calls.size() != 1) {
      throw new AssertionError("not one call: " + calls);
    }
    return calls.getFirst();
  }

  public List<Call> closed() {
    parser.close(time + 100);
    calls.addAll(parser.drain());
    return calls();
  }

  public Parser parser() {
    return parser;
  }
}
