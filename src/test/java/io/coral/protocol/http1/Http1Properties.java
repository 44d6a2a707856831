package io.coral.protocol.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.protocol.Origin;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class Http1Properties {
  private static final String REQUESTS =
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
          + "POST /b HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /"
          + "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
          + "HEAD /d HTTP/1.1\r\n\r\n";
  private static final String RESPONSES =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
          + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n"
          + "HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"
          + "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n";

  @Property(tries = 300)
  void anySplit_givesTheSameMessages(@ForAll long seed) {
    Http1Connection connection = new Http1Connection();
    Random random = new Random(seed);
    offerInPieces(connection, Http1HeadTest.bytes(REQUESTS), true, random);
    offerInPieces(connection, Http1HeadTest.bytes(RESPONSES), false, random);
    List<Http1Connection.Paired> paired = connection.drain();
    assertThat(paired)
        .extracting(each -> each.head().path())
        .containsExactly("/a", "/b", "/c", "/d");
    assertThat(paired)
        .extracting(Http1Connection.Paired::status)
        .containsExactly(200, 201, 500, 200);
    assertThat(connection.lostSync()).isZero();
  }

  private static void offerInPieces(
      Http1Connection connection, byte[] bytes, boolean request, Random random) {
    int at = 0;
    while (at < bytes.length) {
      int length = Math.min(bytes.length - at, 1 + random.nextInt(random.nextBoolean() ? 3 : 40));
      byte[] piece = Arrays.copyOfRange(bytes, at, at + length);
      Origin origin = new Origin(at, 1, 0, 0);
      if (request) {
        connection.offerRequest(origin, at, length, piece);
      } else {
        connection.offerResponse(origin, at, length, piece);
      }
      at += length;
    }
  }

  @Property(tries = 500)
  void garbage_neverThrows(
      @ForAll @Size(max = 400) byte[] garbage, @ForAll @IntRange(min = 0, max = 50) int missing) {
    Http1Connection connection = new Http1Connection();
    Origin origin = new Origin(1, 1, 0, 0);
    connection.offerRequest(origin, 0, garbage.length + missing, garbage);
    connection.offerResponse(origin, missing, garbage.length, garbage);
    connection.offerRequest(origin, garbage.length, garbage.length, garbage);
    connection.close();
    connection.drain();
    Http1Head.parseRequest(garbage, 0, garbage.length);
    Http1Framing.isComplete("GET", garbage, garbage, 10);
  }
}
