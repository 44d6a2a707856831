package io.coral.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.protocol.dns.Dns;
import io.coral.protocol.http2.Http2;
import io.coral.protocol.kafka.Kafka;
import io.coral.protocol.mysql.Mysql;
import io.coral.protocol.postgres.Postgres;
import io.coral.protocol.redis.Redis;
import io.coral.protocol.tds.Tds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Records of real connections, read by a parser that joins in the middle.
final class VectorsTest {
  private static final List<Protocol> ALL =
      List.of(
          new Http2(),
          new Postgres(),
          new Mysql(),
          new Redis(),
          new Kafka(),
          new Tds(),
          new Dns(),
          new Dns.OverTcp());

  private static Protocol protocol(String name) {
    return ALL.stream()
        .filter(each -> each.getClass().getSimpleName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Postgres | v01,v02 | DELETE      | delete from test                          | OK      | OK
          Postgres | v03,v04 | PREPARE     | delete from test where id=$1 returning id | OK      | OK
          Mysql    | v27,v28 | PREPARE     | SELECT * FROM `controller` WHERE ip <> ?  | OK      | OK
          Mysql    | v30,v31 | SELECT      | SELECT DATABASE()                         | ERROR   | 1049
          Redis    | v13,v14 | GET         | abcd                                      | ERROR   | NOAUTH
          Kafka    | v07,v08 | Produce     | zqy-test                                  | OK      | 0
          Kafka    | v09,v10 | Produce     | topic2                                    | OK      | 0
          Kafka    | v11,v12 | Fetch       | zqy-test                                  | OK      | 0
          OverTcp  | v22,v23 | AAAA        | prod-fcdt-e02.int.frontnode.net           | ERROR   | NXDOMAIN
          Dns      | v54,v55 | A           | intellij-experiments.appspot.com          | OK      | NOERROR
          Http2    | v20,v21 | hipstershop.CartService/GetCart | /hipstershop.CartService/GetCart | OK | 0
          """)
  void answeredRequest(
      String protocol,
      String vectors,
      String operation,
      String target,
      Outcome outcome,
      String status) {
    Call call = Vectors.conversation(protocol(protocol), vectors.split(",")).only();
    assertThat(call.operation()).isEqualTo(operation);
    assertThat(call.target()).isEqualTo(target);
    assertThat(call.outcome()).isEqualTo(outcome);
    assertThat(call.status()).isEqualTo(status);
    assertThat(call.incomplete() || call.aborted()).isFalse();
    assertThat(call.begun().timeNanos()).isEqualTo(100);
    assertThat(call.lastByteNanos()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          Mysql | v29 | SELECT      | select @@version_comment limit ?
          Redis | v65 | LLEN        | mylist
          Kafka | v56 | Metadata    | ''
          Kafka | v57 | ApiVersions | ''
          Tds   | v63 | SELECT      | SELECT
          Tds   | v64 | EXEC        | sp_prepexec
          Http2 | v15 | agent.Synchronizer/Sync | /agent.Synchronizer/Sync
          Http2 | v60 | POST        | /oteldemo.AdService/GetAds
          """)
  void requestWithoutAnswer_hasNoOutcome(
      String protocol, String vector, String operation, String target) {
    List<Call> calls = Vectors.conversation(protocol(protocol), vector).closed();
    assertThat(calls)
        .singleElement()
        .satisfies(
            call -> {
              assertThat(call.operation()).isEqualTo(operation);
              assertThat(call.target()).isEqualTo(target);
              assertThat(call.outcome()).isEqualTo(Outcome.UNKNOWN);
              assertThat(call.aborted()).isTrue();
            });
  }

  @Test
  void statementThatFailed_hasItsCode_beforeTheServerIsReadyAgain() {
    Conversation conversation = Vectors.conversation(new Postgres(), "v05", "v06");
    assertThat(conversation.calls()).isEmpty();
    assertThat(conversation.closed())
        .singleElement()
        .satisfies(
            call -> {
              assertThat(call.outcome()).isEqualTo(Outcome.ERROR);
              assertThat(call.status()).isEqualTo("42601");
            });
  }

  @Test
  void pathThatWasSentBeforeTheCapture_isUnknown() {
    assertThat(Vectors.conversation(new Http2(), "v58").closed())
        .singleElement()
        .satisfies(
            call -> {
              assertThat(call.operation()).isEqualTo("POST");
              assertThat(call.target()).isEmpty();
              assertThat(call.incomplete()).isTrue();
              assertThat(call.attributes())
                  .containsEntry(
                      "traceparent", "00-4551f29fef6a2983430fbe1e5ecced76-74f107bb47b54996-01");
            });
  }

  @Test
  void streamsOfOneConnection_arePairedById() {
    assertThat(Vectors.conversation(new Http2(), "v18", "v19").calls())
        .hasSize(2)
        .allSatisfy(call -> assertThat(call.status()).isEqualTo("200"));
  }

  @Test
  void everyVector_isOfItsProtocol() {
    assertThat(sure("v01")).containsExactly("Postgres");
    assertThat(sure("v05")).containsExactly("Postgres");
    assertThat(sure("v07")).containsExactly("Kafka");
    assertThat(sure("v09")).containsExactly("Kafka");
    assertThat(sure("v11")).containsExactly("Kafka");
    assertThat(sure("v13")).containsExactly("Redis");
    assertThat(sure("v15")).containsExactly("Http2");
    assertThat(sure("v17")).containsExactly("Http2");
    assertThat(sure("v20")).containsExactly("Http2");
    assertThat(sure("v22")).containsExactly("OverTcp");
    assertThat(sure("v27")).containsExactly("Mysql");
    assertThat(sure("v29")).containsExactly("Mysql");
    assertThat(sure("v54")).containsExactly("Dns");
    assertThat(sure("v56")).containsExactly("Kafka");
    assertThat(sure("v58")).containsExactly("Http2");
    assertThat(sure("v60")).containsExactly("Http2");
    assertThat(sure("v63")).containsExactly("Tds");
  }

  @ParameterizedTest
  @ValueSource(strings = {"v61", "v62"})
  void bytesThatLookLikeHttp2_areNot(String vector) {
    Vectors.Vector bytes = Vectors.of(vector);
    assertThat(new Http2().likeness(bytes.direction(), bytes.bytes()))
        .isEqualTo(Protocol.Likeness.NO);
  }

  private static List<String> sure(String vector) {
    Vectors.Vector bytes = Vectors.of(vector);
    return ALL.stream()
        .filter(each -> each.likeness(bytes.direction(), bytes.bytes()) == Protocol.Likeness.YES)
        .map(each -> each.getClass().getSimpleName())
        .toList();
  }
}
