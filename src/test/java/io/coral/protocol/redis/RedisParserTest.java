package io.coral.protocol.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.coral.protocol.Call;
import io.coral.protocol.Conversation;
import io.coral.protocol.Direction;
import io.coral.protocol.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RedisParserTest {
  private final Conversation conversation = Conversation.of(new Redis());

  private static byte[] command(String... words) {
    StringBuilder text = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      text.append('$')
          .append(word.getBytes(UTF_8).length)
          .append("\r\n")
          .append(word)
          .append("\r\n");
    }
    return text.toString().getBytes(UTF_8);
  }

  private void ask(String... words) {
    conversation.asks(command(words));
  }

  private void answer(String text) {
    conversation.answers(text.replace("|", "\r\n").getBytes(UTF_8));
  }

  private List<String> told() {
    return conversation.calls().stream()
        .map(call -> call.operation() + " " + call.target() + " " + call.status())
        .toList();
  }

  @Test
  void pipeline_isPairedInOrder() {
    byte[] three =
        (new String(command("SET", "user:1:name", "x"), UTF_8)
                + new String(command("incr", "hits"), UTF_8)
                + new String(command("GET", "user:1:name"), UTF_8))
            .getBytes(UTF_8);
    conversation.asks(three);
    answer("+OK|:7|$1|x|");
    assertThat(told()).containsExactly("SET user:*:name OK", "INCR hits OK", "GET user:*:name OK");
  }

  @Test
  void nestedReplies_areOneReply() {
    ask("XREAD", "COUNT", "1", "STREAMS", "s", "0");
    answer("*1|*2|$1|s|*1|*2|$3|1-1|*2|$1|a|$1|b|");
    ask("HELLO", "3");
    answer("%2|$6|server|$5|redis|$5|proto|:3|");
    ask("GET", "a");
    conversation.answers("|1\r\n+ttl\r\n:5\r\n$1\r\nx\r\n".getBytes(UTF_8));
    ask("GET", "b");
    answer("_|");
    assertThat(told()).containsExactly("XREAD  OK", "HELLO  OK", "GET a OK", "GET b OK");
  }

  @Test
  void errors_haveTheirFirstWord() {
    ask("LPUSH", "a", "b");
    answer("-WRONGTYPE Operation against a key holding the wrong kind of value|");
    Call call = conversation.only();
    assertThat(call.status()).isEqualTo("WRONGTYPE");
    assertThat(call.outcome()).isEqualTo(Outcome.ERROR);
  }

  @Test
  void messagesOfSubscriptions_areNoReplies() {
    ask("SUBSCRIBE", "a", "b");
    answer("*3|$9|subscribe|$1|a|:1|*3|$9|subscribe|$1|b|:2|");
    answer("*3|$7|message|$1|a|$5|hello|");
    ask("PING");
    answer("*2|$4|pong|$0||");
    assertThat(told()).containsExactly("SUBSCRIBE a OK", "PING  OK");
  }

  @Test
  void pushesOfResp3_areNoReplies() {
    ask("GET", "a");
    answer(">2|$10|invalidate|*1|$1|a|$1|x|");
    assertThat(told()).containsExactly("GET a OK");
  }

  @Test
  void valueThatIsNotThere_isSkipped() {
    conversation.offer(
        Direction.REQUEST, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$9000\r\nxxx".getBytes(UTF_8), 9_029);
    ask("GET", "a");
    answer("+OK|");
    conversation.offer(Direction.RESPONSE, "$9000\r\nxxx".getBytes(UTF_8), 9_009);
    assertThat(told()).containsExactly("SET a OK", "GET a OK");
    assertThat(conversation.parser().lostSync()).isZero();
  }

  @Test
  void holeInTheReplies_endsWhatIsOpen_andTheNextIsRight() {
    ask("PING");
    answer("+PONG|");
    ask("GET", "a");
    conversation.misses(Direction.RESPONSE, 5);
    ask("GET", "b");
    answer("$1|x|");
    ask("DEL", "c");
    answer(":1|");
    List<Call> calls = conversation.calls();
    assertThat(calls.getLast().operation()).isEqualTo("DEL");
    assertThat(calls).filteredOn(Call::aborted).hasSize(2);
  }

  @Test
  void commandAsPeopleType() {
    conversation.asks("get user:12\r\nPING\n".getBytes(UTF_8));
    answer("$-1|+PONG|");
    assertThat(told()).containsExactly("GET user:* OK", "PING  OK");
  }

  @Test
  void passwordsAreNotKept() {
    ask("AUTH", "hunter2");
    answer("+OK|");
    ask("HELLO", "3", "AUTH", "me", "hunter2");
    answer("-WRONGPASS x|");
    ask("CONFIG", "SET", "requirepass", "hunter2");
    answer("+OK|");
    assertThat(conversation.calls().toString()).doesNotContain("hunter2");
    assertThat(told()).containsExactly("AUTH  OK", "HELLO  WRONGPASS", "CONFIG SET  OK");
  }

  @Test
  void commandThatWaits_saysSo() {
    ask("BLPOP", "queue", "0");
    assertThat(conversation.closed())
        .singleElement()
        .satisfies(call -> assertThat(call.attributes()).containsKey(Call.WAITS));
  }

  @Test
  void repliesThatAreSwitchedOff_areNotWaitedFor() {
    ask("CLIENT", "REPLY", "OFF");
    ask("SET", "a", "b");
    ask("CLIENT", "REPLY", "ON");
    answer("+OK|");
    assertThat(told()).containsExactly("CLIENT REPLY  ", "SET a ", "CLIENT REPLY  OK");
  }

  @ParameterizedTest
  @CsvSource({
    "user:1234:cart, user:*:cart",
    "session:9f86d081884c7d65, session:*",
    "hunter2, *",
    "api/v2/items, api/v2/items",
    "a:b:c:d:e:f:g:h:i, a:b:c:d:e:f:g:h:*",
    "{user1}.followers, {*}.followers",
    "mail:joe@example.com, mail:*.com"
  })
  void keysOfOneKind_haveOnePattern(String key, String pattern) {
    assertThat(KeyPattern.of(key)).isEqualTo(pattern);
  }
}
