package io.coral.protocol.http1;

import io.coral.protocol.Call;
import io.coral.protocol.Direction;
import io.coral.protocol.Origin;
import io.coral.protocol.Outcome;
import io.coral.protocol.Parser;
import java.util.List;
import java.util.Map;

/// [Http1Connection] as a parser like the others.
final class Http1Parser implements Parser {
  static final String NAME = "http";

  private final Http1Connection connection = new Http1Connection();

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    if (direction == Direction.REQUEST) {
      connection.offerRequest(origin, position, totalBytes, captured);
    } else {
      connection.offerResponse(origin, position, totalBytes, captured);
    }
  }

  @Override
  public void close(long timeNanos) {
    connection.close();
  }

  @Override
  public List<Call> drain() {
    return connection.drain().stream().map(Http1Parser::call).toList();
  }

  private static Call call(Http1Connection.Paired paired) {
    int status = paired.status();
    String host = paired.head().host();
    return new Call(
        NAME,
        paired.head().method(),
        paired.head().path(),
        status == 0 ? Outcome.UNKNOWN : status < 400 ? Outcome.OK : Outcome.ERROR,
        status == 0 ? "" : Integer.toString(status),
        paired.origin(),
        paired.firstByteNanos(),
        Math.max(paired.lastByteNanos(), paired.origin().timeNanos()),
        paired.requestBytes(),
        paired.responseBytes(),
        false,
        paired.aborted(),
        host.isEmpty() ? Map.of() : Map.of("server.address", host));
  }

  @Override
  public long lostSync() {
    return connection.lostSync();
  }
}
