package io.coral.protocol.http1;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class Http1FramingTest {
  private static boolean complete(String method, String head, String tail, long bytes) {
    return Http1Framing.isComplete(
        method, Http1HeadTest.bytes(head), Http1HeadTest.bytes(tail), bytes);
  }

  @Test
  void contentLength_reached_isComplete() {
    String head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    assertThat(complete("GET", head, "", head.length() + 9)).isFalse();
    assertThat(complete("GET", head, "", head.length() + 10)).isTrue();
  }

  @Test
  void chunked_isCompleteOnlyAfterTheLastChunk() {
    String head = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, Chunked\r\n\r\n5\r\n";
    assertThat(complete("GET", head, "hello\r\n", 90)).isFalse();
    assertThat(complete("GET", head, "\r\n0\r\n\r\n", 97)).isTrue();
    assertThat(complete("GET", head, "10\r\n\r\n", 97)).isFalse();
  }

  @Test
  void untilClose_isNeverComplete() {
    assertThat(complete("GET", "HTTP/1.0 200 OK\r\n\r\nhello", "hello", 24)).isFalse();
  }

  @Test
  void bodiless_isCompleteWithItsHead() {
    String head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
    assertThat(complete("HEAD", head, "", head.length())).isTrue();
    assertThat(complete("GET", "HTTP/1.1 304 Not Modified\r\n\r\n", "", 29)).isTrue();
    assertThat(complete("GET", "HTTP/1.1 204 No Content\r\nX: y", "", 29)).isFalse();
  }
}
