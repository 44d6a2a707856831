package io.coral.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.protocol.dns.Dns;
import io.coral.protocol.http2.Http2;
import io.coral.protocol.kafka.Kafka;
import io.coral.protocol.mysql.Mysql;
import io.coral.protocol.postgres.Postgres;
import io.coral.protocol.redis.Redis;
import io.coral.protocol.tds.Tds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/// Whatever the bytes, and however they are cut.
final class ParserProperties {
  private static List<Protocol> all() {
    return List.of(
        new Http2(),
        new Postgres(),
        new Mysql(),
        new Redis(),
        new Kafka(),
        new Tds(),
        new Dns(),
        new Dns.OverTcp());
  }

  @Property
  void anyBytes_areTaken(@ForAll @Size(max = 600) byte[] bytes, @ForAll long seed) {
    for (Protocol protocol : all()) {
      feed(protocol, bytes, new Random(seed));
    }
  }

  /// Records of real connections with bytes changed, left out and put together otherwise.
  @Property
  void damagedRecords_areTaken(@ForAll long seed) {
    Random random = new Random(seed);
    List<Vectors.Vector> vectors = List.copyOf(Vectors.all().values());
    for (Protocol protocol : all()) {
      Conversation conversation = new Conversation(protocol, random.nextInt(2));
      for (int i = 0; i < 10; i++) {
        Vectors.Vector vector = vectors.get(random.nextInt(vectors.size()));
        byte[] bytes = vector.bytes().clone();
        for (int changes = random.nextInt(4); changes > 0; changes--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        byte[] captured = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
        conversation.offer(vector.direction(), captured, bytes.length);
        if (random.nextInt(4) == 0) {
          conversation.misses(vector.direction(), random.nextInt(2_000));
        }
      }
      check(conversation.closed());
    }
  }

  private static void feed(Protocol protocol, byte[] bytes, Random random) {
    Conversation conversation = new Conversation(protocol, 0);
    if (bytes.length > 0) {
      protocol.likeness(Direction.REQUEST, bytes);
      protocol.likeness(Direction.RESPONSE, bytes);
    }
    for (int at = 0; at < bytes.length; ) {
      int length = Math.min(bytes.length - at, 1 + random.nextInt(64));
      byte[] part = Arrays.copyOfRange(bytes, at, at + length);
      conversation.offer(
          random.nextBoolean() ? Direction.REQUEST : Direction.RESPONSE,
          part,
          length + (long) random.nextInt(3));
      at += length;
    }
    check(conversation.closed());
  }

  private static void check(List<Call> calls) {
    assertThat(calls)
        .allSatisfy(
            call -> {
              assertThat(call.operation()).isNotEmpty();
              assertThat(call.requestBytes()).isGreaterThanOrEqualTo(0);
              assertThat(call.responseBytes()).isGreaterThanOrEqualTo(0);
            });
  }

  /// Requests and answers of the vectors, each pair cut at random places.
  @Property(tries = 200)
  void anySplit_givesTheSameCalls(@ForAll long seed) {
    Random random = new Random(seed);
    String[][] pairs = {
      {"Postgres", "v01", "v02"},
      {"Postgres", "v03", "v04"},
      {"Mysql", "v27", "v28"},
      {"Mysql", "v30", "v31"},
      {"Redis", "v13", "v14"},
      {"Kafka", "v07", "v08"},
      {"Kafka", "v11", "v12"},
      {"OverTcp", "v22", "v23"},
      {"Http2", "v20", "v21"}
    };
    for (String[] pair : pairs) {
      List<Call> whole = new ArrayList<>();
      List<Call> split = new ArrayList<>();
      for (Protocol protocol : all()) {
        if (protocol.getClass().getSimpleName().equals(pair[0])) {
          whole = calls(protocol, pair, null);
          split = calls(protocol, pair, random);
        }
      }
      assertThat(told(split)).isEqualTo(told(whole)).isNotEmpty();
    }
  }

  /// All but the times.
  private static List<List<Object>> told(List<Call> calls) {
    return calls.stream()
        .map(
            call ->
                List.<Object>of(
                    call.operation(),
                    call.target(),
                    call.outcome(),
                    call.status(),
                    call.requestBytes(),
                    call.responseBytes(),
                    call.attributes()))
        .toList();
  }

  /// @param random null = not cut
  private static List<Call> calls(Protocol protocol, String[] pair, @Nullable Random random) {
    Conversation conversation = Conversation.of(protocol);
    if (pair[0].equals("Postgres")) {
      // The first message of a connection has no type.
      byte[] start = {0, 0, 0, 9, 0, 3, 0, 0, 0};
      byte[] ready = {'R', 0, 0, 0, 8, 0, 0, 0, 0, 'Z', 0, 0, 0, 5, 'I'};
      conversation.asks(start).answers(ready);
    }
    for (int i = 1; i < pair.length; i++) {
      Vectors.Vector vector = Vectors.of(pair[i]);
      int at = 0;
      while (at < vector.bytes().length) {
        int left = vector.bytes().length - at;
        int length = random == null ? left : 1 + random.nextInt(Math.min(left, 40));
        byte[] part = Arrays.copyOfRange(vector.bytes(), at, at + length);
        conversation.offer(vector.direction(), part, length);
        at += length;
      }
    }
    return conversation.closed();
  }
}
