package io.coral.decode;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.protocol.Outcome;
import io.coral.protocol.Vectors;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What is read of captures, which the tests write.
final class DecoderTest {
  private static final byte[] SET = bytes("*3\r\n$3\r\nSET\r\n$6\r\nuser:7\r\n$2\r\nhi\r\n");
  private static final byte[] GET = bytes("*2\r\n$3\r\nGET\r\n$6\r\nuser:7\r\n");
  private static final byte[] OK = bytes("+OK\r\n");
  private static final byte[] VALUE = bytes("$2\r\nhi\r\n");

  private static byte[] bytes(String text) {
    return text.getBytes(US_ASCII);
  }

  private static byte[] joined(byte[]... parts) {
    int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
    byte[] all = new byte[length];
    int at = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  private static Decoder decode(CaptureFile file) throws IOException {
    Decoder decoder = new Decoder();
    decoder.read(file.stream());
    return decoder;
  }

  private static List<String> told(Decoder decoder) {
    return decoder.decoded().stream()
        .map(
            each ->
                each.call().protocol()
                    + " "
                    + each.call().operation()
                    + " "
                    + each.call().target()
                    + " "
                    + each.call().outcome()
                    + (each.call().incomplete() ? " incomplete" : ""))
        .toList();
  }

  private static CaptureFile redis(CaptureFile file) {
    return file.connects(100, 900)
        .client(101, SET)
        .server(901, OK)
        .client(101 + SET.length, GET)
        .server(901 + OK.length, VALUE);
  }

  @ParameterizedTest
  @EnumSource
  void everyLink_ofBothVersionsOfIp(CaptureFile.Link link) throws IOException {
    for (boolean isIpv6 : new boolean[] {false, true}) {
      for (CaptureFile.Format format : CaptureFile.Format.values()) {
        Decoder decoder = decode(redis(new CaptureFile(format, link, isIpv6, 6379)));
        assertThat(told(decoder))
            .as("%s %s", format, isIpv6)
            .containsExactly("redis SET user:* OK", "redis GET user:* OK");
        assertThat(decoder.notDecoded()).isEmpty();
        assertThat(decoder.decoded().getFirst())
            .satisfies(
                first -> {
                  assertThat(first.client().getPort()).isEqualTo(CaptureFile.CLIENT_PORT);
                  assertThat(first.server().getPort()).isEqualTo(6379);
                  assertThat(first.call().begun().timeNanos())
                      .isEqualTo((CaptureFile.FIRST_MILLIS + 2) * 1_000_000);
                  assertThat(first.call().lastByteNanos() - first.call().begun().timeNanos())
                      .isEqualTo(1_000_000);
                });
      }
    }
  }

  /// However segments are cut, doubled and put in another order.
  @Property(tries = 300)
  void anySegments_giveTheSameCalls(@ForAll long seed, @ForAll @IntRange(max = 2) int wrap) {
    Random random = new Random(seed);
    byte[] requests = joined(SET, GET, GET, SET);
    byte[] answers = joined(OK, VALUE, VALUE, OK);
    int clientStart = wrap == 0 ? 100 : -2 - random.nextInt(requests.length);
    CaptureFile file = CaptureFile.of(6379).connects(clientStart, 900);
    for (int[] part : parts(requests.length, random)) {
      file.client(clientStart + 1 + part[0], Arrays.copyOfRange(requests, part[0], part[1]));
    }
    for (int[] part : parts(answers.length, random)) {
      file.server(901 + part[0], Arrays.copyOfRange(answers, part[0], part[1]));
    }
    try {
      assertThat(told(decode(file)))
          .containsExactly(
              "redis SET user:* OK",
              "redis GET user:* OK",
              "redis GET user:* OK",
              "redis SET user:* OK");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /// Ranges that cover all, some twice, out of order by a few.
  private static List<int[]> parts(int length, Random random) {
    List<int[]> parts = new ArrayList<>();
    for (int at = 0; at < length; ) {
      int end = Math.min(length, at + 1 + random.nextInt(30));
      parts.add(new int[] {at, end});
      if (random.nextInt(4) == 0) {
        parts.add(new int[] {Math.max(0, at - random.nextInt(10)), end});
      }
      at = end;
    }
    for (int i = 0; i < parts.size(); i++) {
      Collections.swap(parts, i, Math.min(parts.size() - 1, i + random.nextInt(4)));
    }
    return parts;
  }

  @Test
  void connectionThatIsOlderThanTheCapture_isDecoded() throws IOException {
    CaptureFile file =
        CaptureFile.of(6379)
            .client(5_000, GET)
            .server(7_000, VALUE)
            .client(5_000 + GET.length, SET)
            .server(7_000 + VALUE.length, OK);
    assertThat(told(decode(file))).containsExactly("redis GET user:* OK", "redis SET user:* OK");
  }

  @Test
  void portThatIsUsedAgain_isAnotherConnection() throws IOException {
    CaptureFile file = CaptureFile.of(6379);
    redis(file);
    redis(file);
    assertThat(told(decode(file))).hasSize(4).doesNotContain("incomplete");
  }

  @Test
  void segmentThatWasNotCaptured_leavesTheOthers() throws IOException {
    CaptureFile file =
        CaptureFile.of(6379)
            .connects(100, 900)
            .client(101, SET)
            .server(901, OK)
            .client(101 + SET.length + GET.length, SET)
            .server(901 + OK.length + VALUE.length, OK);
    Decoder decoder = decode(file);
    assertThat(told(decoder)).startsWith("redis SET user:* OK");
    assertThat(decoder.decoded())
        .allSatisfy(
            each ->
                assertThat(each.call().outcome() == Outcome.OK || each.call().incomplete())
                    .as("%s", each)
                    .isTrue());
  }

  @Test
  void packetsThatAreKeptInPart_haveTheirWholeLength() throws IOException {
    byte[] value = bytes("$1000\r\n" + "v".repeat(1_000) + "\r\n");
    CaptureFile file =
        CaptureFile.of(6379)
            .connects(100, 900)
            .client(101, GET)
            .keepingOnly(200)
            .server(901, value)
            .client(101 + GET.length, SET)
            .server(901 + value.length, OK);
    Decoder decoder = decode(file);
    assertThat(told(decoder)).containsExactly("redis GET user:* OK", "redis SET user:* OK");
    assertThat(decoder.decoded().getFirst().call().responseBytes()).isEqualTo(value.length);
  }

  @Test
  void datagrams_areDecoded() throws IOException {
    CaptureFile file =
        CaptureFile.of(53)
            .datagram(true, Vectors.of("v54").bytes())
            .datagram(false, Vectors.of("v55").bytes());
    assertThat(told(decode(file))).containsExactly("dns A intellij-experiments.appspot.com OK");
  }

  @Test
  void whatIsNotDecoded_isSaid() throws IOException {
    byte[] hello = new byte[200];
    System.arraycopy(new byte[] {0x16, 3, 1, 0, (byte) 195, 1}, 0, hello, 0, 6);
    CaptureFile tls = CaptureFile.of(443).connects(1, 1).client(2, hello).ping();
    Decoder decoder = decode(tls);
    assertThat(decoder.decoded()).isEmpty();
    assertThat(decoder.notDecoded())
        .containsExactly(
            "1 connections are encrypted or compressed",
            "1 of 4 packets carry neither TCP nor UDP");
    CaptureFile unknown = CaptureFile.of(9).connects(1, 1).client(2, bytes("what is this\n"));
    assertThat(decode(unknown).notDecoded())
        .containsExactly("1 connections speak no protocol that is known");
  }

  @Test
  void fileThatIsCut_givesWhatIsBefore() throws IOException {
    byte[] whole = redis(CaptureFile.of(6379)).bytes();
    Decoder decoder = new Decoder();
    decoder.read(new ByteArrayInputStream(Arrays.copyOf(whole, whole.length - 3)));
    assertThat(told(decoder)).startsWith("redis SET user:* OK");
    assertThat(decoder.notDecoded()).containsExactly("the file ends in the middle of a packet");
  }

  @Test
  void fileThatIsNoCapture_isRefused() {
    for (String content : List.of("", "PK\3\4 and so on", "abc")) {
      assertThatThrownBy(
              () -> new Decoder().read(new ByteArrayInputStream(content.getBytes(US_ASCII))))
          .as(content)
          .isInstanceOf(IOException.class);
    }
  }

  /// Nothing but [IOException] comes of a file, whatever it is.
  @Property(tries = 500)
  void anyFile_isReadOrRefused(
      @ForAll long seed, @ForAll @Size(max = 200) byte[] tail, @ForAll CaptureFile.Format format) {
    Random random = new Random(seed);
    byte[] file = redis(new CaptureFile(format, CaptureFile.Link.COOKED, true, 6379)).bytes();
    for (int changes = random.nextInt(6); changes > 0; changes--) {
      file[random.nextInt(file.length)] = (byte) random.nextInt();
    }
    byte[] cut = Arrays.copyOf(file, random.nextInt(file.length + 1));
    try {
      new Decoder().read(new ByteArrayInputStream(joined(cut, tail)));
    } catch (IOException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }
}
