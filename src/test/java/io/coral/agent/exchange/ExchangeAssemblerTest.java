package io.coral.agent.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.Captured;
import io.coral.model.CapturedBatch;
import io.coral.model.Cause;
import io.coral.model.Endpoint;
import io.coral.model.Exchange;
import io.coral.model.Role;
import io.coral.telemetry.Figures;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ExchangeAssemblerTest {
  private static final Endpoint ANY = new Endpoint(4, 0x7f000001L << 32, 0, 80);
  private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

  private final Figures figures = new Figures();
  private final ExchangeAssembler assembler =
      new ExchangeAssembler(
          new WallClock(Clock.fixed(Instant.ofEpochSecond(1000), ZoneOffset.UTC), () -> 0),
          figures,
          false);

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Captured paired(
      int ordinal, boolean complete, boolean progressed, long responseBytes) {
    return new Captured.PairedExchange(
        9_000,
        1_000,
        2_000,
        5_000,
        77,
        20,
        responseBytes,
        0,
        ordinal,
        42,
        43,
        7,
        Cause.UNKNOWN,
        200,
        false,
        complete,
        progressed,
        Role.SERVER,
        ANY,
        ANY,
        bytes("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
        complete ? new byte[0] : bytes(HEAD),
        new byte[0]);
  }

  private List<Exchange> assemble(Captured... records) {
    return assembler.assemble(new CapturedBatch(List.of(records)));
  }

  @Test
  void exchange_fromTheKernel_hasWallClockTimes() {
    Exchange exchange = assemble(paired(1, true, false, 50)).getFirst();
    assertThat(exchange.startUnixNanos()).isEqualTo(1_000_000_001_000L);
    assertThat(exchange.durationNanos()).isEqualTo(4_000);
    assertThat(exchange.timeToFirstByteNanos()).isEqualTo(1_000);
    assertThat(exchange.request().host()).isEqualTo("h");
  }

  @Test
  void pausedExchange_thatIsComplete_isCountedOnce() {
    assertThat(assemble(paired(1, false, true, HEAD.length() + 10))).hasSize(1);
    assertThat(assemble(paired(1, false, true, HEAD.length() + 10))).isEmpty();
    assertThat(assemble(paired(1, true, true, HEAD.length() + 10))).isEmpty();
    assertThat(assemble(paired(2, true, false, 50))).hasSize(1);
  }

  @Test
  void pausedExchange_thatGoesOn_isCountedAtItsEnd() {
    assertThat(assemble(paired(1, false, true, HEAD.length() + 4))).isEmpty();
    assertThat(assemble(paired(1, true, true, HEAD.length() + 10))).hasSize(1);
    assertThat(assemble(paired(1, false, true, HEAD.length() + 10))).isEmpty();
  }

  @Test
  void record_withoutARequestHead_isCountedAsLost() {
    Captured broken =
        new Captured.PairedExchange(
            9,
            1,
            2,
            5,
            77,
            20,
            1,
            0,
            1,
            42,
            43,
            7,
            Cause.UNKNOWN,
            200,
            false,
            true,
            false,
            Role.SERVER,
            ANY,
            ANY,
            bytes("\u0001\u0002"),
            new byte[0],
            new byte[0]);
    assertThat(assemble(broken)).isEmpty();
    assertThat(figures.all()).containsEntry("coral_dropped_total{reason=\"no_request_head\"}", 1L);
  }

  @Test
  void bytesOfAPipeliningConnection_arePaired() {
    byte[] requests = bytes("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
    byte[] responses = bytes("HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 x\r\n\r\n");
    List<Exchange> first = assemble(message(true, 0, requests), message(false, 0, responses));
    assertThat(first).extracting(Exchange::status).containsExactly(500);
    assertThat(assembler.connections()).isEqualTo(1);
    List<Exchange> last = assemble(new Captured.Closed(10, 5));
    assertThat(last).extracting(Exchange::status).containsExactly(200);
    assertThat(assembler.connections()).isZero();
  }

  private static Captured message(boolean request, long position, byte[] bytes) {
    return new Captured.Bytes(
        8_000, 5, 0, position, bytes.length, 42, 43, 7, Role.CLIENT, request, ANY, ANY, bytes);
  }
}
