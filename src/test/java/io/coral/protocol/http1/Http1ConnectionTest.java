package io.coral.protocol.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.protocol.Origin;
import java.util.List;
import org.junit.jupiter.api.Test;

final class Http1ConnectionTest {
  private final Http1Connection connection = new Http1Connection();
  private long requestPosition;
  private long responsePosition;

  private static Origin at(long nanos) {
    return new Origin(nanos, 7, 0, 0);
  }

  private void request(long nanos, String text) {
    byte[] bytes = Http1HeadTest.bytes(text);
    connection.offerRequest(at(nanos), requestPosition, bytes.length, bytes);
    requestPosition += bytes.length;
  }

  private void response(long nanos, String text) {
    byte[] bytes = Http1HeadTest.bytes(text);
    connection.offerResponse(at(nanos), responsePosition, bytes.length, bytes);
    responsePosition += bytes.length;
  }

  @Test
  void pipelinedRequests_inOneRecord_areAllPaired() {
    request(1, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nHEAD /c HTTP/1.1\r\n\r\n");
    response(2, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    response(
        3,
        "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
            + "HTTP/1.1 204 x\r\nContent-Length: 9\r\n\r\n");
    List<Http1Connection.Paired> paired = connection.drain();
    assertThat(paired).extracting(each -> each.head().path()).containsExactly("/a", "/b", "/c");
    assertThat(paired).extracting(Http1Connection.Paired::status).containsExactly(200, 500, 204);
    assertThat(paired.getFirst().lastByteNanos()).isEqualTo(2);
  }

  @Test
  void body_thatBeginsLikeARequest_isABody() {
    request(1, "POST /a HTTP/1.1\r\nContent-Length: 14\r\n\r\nGET / HTTP/1.1");
    response(2, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    request(3, "GET /b HTTP/1.1\r\n\r\n");
    response(4, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assertThat(connection.drain())
        .extracting(each -> each.head().path())
        .containsExactly("/a", "/b");
  }

  @Test
  void chunkedBodies_ofBothDirections_endWhereTheyEnd() {
    request(1, "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhe");
    request(2, "llo\r\n0\r\nTrailer: 1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    response(
        3,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    response(9, "0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    List<Http1Connection.Paired> paired = connection.drain();
    assertThat(paired).hasSize(2);
    assertThat(paired.getFirst().firstByteNanos()).isEqualTo(3);
    assertThat(paired.getFirst().lastByteNanos()).isEqualTo(9);
    assertThat(paired.get(1).head().path()).isEqualTo("/b");
  }

  @Test
  void uncapturedBytes_insideABody_areSkipped() {
    byte[] head = Http1HeadTest.bytes("POST /a HTTP/1.1\r\nContent-Length: 100000\r\n\r\n");
    connection.offerRequest(at(1), 0, head.length + 60_000L, head);
    connection.offerRequest(at(2), head.length + 60_000L, 40_000, new byte[0]);
    requestPosition = head.length + 100_000L;
    response(3, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    request(4, "GET /b HTTP/1.1\r\n\r\n");
    response(5, "HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n");
    List<Http1Connection.Paired> paired = connection.drain();
    assertThat(paired).extracting(Http1Connection.Paired::status).containsExactly(200, 201);
    assertThat(paired.getFirst().requestBytes()).isEqualTo(head.length + 100_000L);
    assertThat(connection.lostSync()).isZero();
  }

  @Test
  void lostBytes_inAHead_areCountedAndFollowedByTheNextMessage() {
    request(1, "GET /a HTTP");
    connection.offerRequest(at(2), requestPosition + 50, 10, new byte[10]);
    requestPosition += 60;
    request(3, "GET /b HTTP/1.1\r\n\r\n");
    response(4, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assertThat(connection.drain()).extracting(each -> each.head().path()).containsExactly("/b");
    assertThat(connection.lostSync()).isEqualTo(1);
  }

  @Test
  void close_withOpenExchanges_endsThem() {
    request(1, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    response(2, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    connection.close();
    List<Http1Connection.Paired> paired = connection.drain();
    assertThat(paired).extracting(Http1Connection.Paired::aborted).containsExactly(false, true);
    assertThat(paired.getFirst().responseBytes()).isEqualTo(32);
  }
}
