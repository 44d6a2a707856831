package io.coral.protocol.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.HttpRequestHead;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class Http1HeadTest {
  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static HttpRequestHead parse(String text) {
    byte[] bytes = bytes(text);
    HttpRequestHead head = Http1Head.parseRequest(bytes, 0, bytes.length);
    assertThat(head).isNotNull();
    return java.util.Objects.requireNonNull(head);
  }

  @Test
  void request_withQueryString_keepsOnlyThePath() {
    HttpRequestHead head =
        parse("GET /search?q=secret HTTP/1.1\r\nhOsT: shop.example \r\nCookie: a=b\r\n\r\n");
    assertThat(head.method()).isEqualTo("GET");
    assertThat(head.path()).isEqualTo("/search");
    assertThat(head.host()).isEqualTo("shop.example");
    assertThat(head.toString()).doesNotContain("secret", "a=b");
  }

  @Test
  void headers_whereTheyAreAskedFor_areKeptWithoutSecrets() {
    byte[] bytes =
        bytes(
            "GET / HTTP/1.1\r\nX-Tenant: a\r\nx-tenant: b\r\nAuthorization: Bearer x\r\n: no\r\n"
                + ("x".repeat(65) + ": long\r\n")
                + "Cut: of");
    HttpRequestHead head = Http1Head.parseRequest(bytes, 0, bytes.length, true);
    assertThat(java.util.Objects.requireNonNull(head).headers())
        .isEqualTo(java.util.Map.of("x-tenant", "a, b", "authorization", "***"));
  }

  @ParameterizedTest
  @CsvSource({
    "http://a.example/x/y?z,/x/y",
    "http://a.example,/",
    "*,*",
    "/a#b,/a",
    "?only=query,/",
    "a.example:443,a.example:443",
  })
  void request_withOtherForms_givesAPath(String target, String path) {
    assertThat(parse("OPTIONS " + target + " HTTP/1.1\r\n\r\n").path()).isEqualTo(path);
  }

  @Test
  void request_withTraceparent_readsIt() {
    HttpRequestHead head =
        parse(
            "POST /a HTTP/1.1\r\n"
                + "Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n");
    assertThat(head.traceContext()).isNotNull();
  }

  @Test
  void request_cutOffAnywhere_givesWhatIsThere() {
    String whole = "GET /abc HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n";
    for (int length = 4; length <= whole.length(); length++) {
      byte[] bytes = bytes(whole.substring(0, length));
      HttpRequestHead head = Http1Head.parseRequest(bytes, 0, length);
      assertThat(head).as("%s bytes", length).isNotNull();
    }
  }

  @ParameterizedTest
  @CsvSource({"get /,false", "'',false", "HTTP/1.1 200 OK,false", "PROPFIND /,true", "G /,false"})
  void request_orNot_isToldByItsMethod(String text, boolean is) {
    byte[] bytes = bytes(text);
    assertThat(Http1Head.parseRequest(bytes, 0, bytes.length) != null).isEqualTo(is);
  }

  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1 200 OK,200",
    "HTTP/1.0 404 Not Found,404",
    "HTTP/1.1 099 x,0",
    "HTTP/2.0 200 OK,0",
    "HTTP/1.1 2x0,0",
    "HTTP/1.1,0",
  })
  void status_ofLine_isItsNumber(String line, int status) {
    byte[] bytes = bytes(line);
    assertThat(Http1Head.status(bytes, 0, bytes.length)).isEqualTo(status);
  }
}
