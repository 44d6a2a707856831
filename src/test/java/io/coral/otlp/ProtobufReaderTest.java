package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class ProtobufReaderTest {
  private static ProtobufReader over(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    return new ProtobufReader(bytes, 0, bytes.length);
  }

  private static void skipAll(ProtobufReader reader) throws MalformedPayloadException {
    while (reader.next()) {
      reader.skip();
    }
  }

  @Test
  void fields_ofAllWireTypes_areRead() throws Exception {
    ProtobufReader reader =
        over(
            "08 9601" // 1: varint 150
                + "11 0100000000000080" // 2: fixed64
                + "1a 03 616263" // 3: "abc"
                + "25 ffffffff" // 4: fixed32
                + "f8ffffff0f 01"); // 2^29 - 1: varint 1
    assertThat(reader.next()).isTrue();
    assertThat(reader.tag()).isEqualTo(ProtobufReader.tag(1, ProtobufReader.VARINT));
    assertThat(reader.varint()).isEqualTo(150);
    assertThat(reader.next()).isTrue();
    assertThat(reader.fixed64()).isEqualTo(0x8000000000000001L);
    assertThat(reader.next()).isTrue();
    assertThat(reader.slice()).isEqualTo(3);
    assertThat(reader.start()).isEqualTo(14);
    assertThat(reader.end()).isEqualTo(17);
    assertThat(reader.next()).isTrue();
    assertThat(reader.fixed32()).isEqualTo(-1);
    assertThat(reader.next()).isTrue();
    assertThat(reader.field()).isEqualTo((1 << 29) - 1);
    assertThat(reader.varint()).isEqualTo(1);
    assertThat(reader.next()).isFalse();
    assertThat(reader.atEnd()).isTrue();
  }

  @Test
  void varint_ofTenBytes_isAllSixtyFourBits() throws Exception {
    ProtobufReader reader = over("08 ffffffffffffffffff01");
    assertThat(reader.next()).isTrue();
    assertThat(reader.varint()).isEqualTo(-1L);
  }

  @Test
  void slice_longerThan127Bytes_isTaken() throws Exception {
    ProtobufReader reader = over("0a 8101" + "00".repeat(129));
    assertThat(reader.next()).isTrue();
    assertThat(reader.slice()).isEqualTo(129);
    assertThat(reader.atEnd()).isTrue();
  }

  @Test
  void group_nested_isSkipped() throws Exception {
    ProtobufReader reader = over("0b 13 0801 14 1a 0161 0c 10 07");
    assertThat(reader.next()).isTrue();
    reader.skip();
    assertThat(reader.field()).isEqualTo(1);
    assertThat(reader.next()).isTrue();
    assertThat(reader.field()).isEqualTo(2);
    assertThat(reader.varint()).isEqualTo(7);
  }

  @Test
  void skip_keepsTheSliceOfBefore() throws Exception {
    ProtobufReader reader = over("0a 01 61 12 02 6263");
    assertThat(reader.next()).isTrue();
    reader.slice();
    assertThat(reader.next()).isTrue();
    reader.skip();
    assertThat(reader.start()).isEqualTo(2);
    assertThat(reader.end()).isEqualTo(3);
  }

  @Test
  void reset_toAPart_endsThere() throws Exception {
    ProtobufReader reader = over("08 01 10 02");
    reader.reset(0, 2);
    skipAll(reader);
    assertThat(reader.position()).isEqualTo(2);
    assertThatThrownBy(() -> reader.reset(0, 5)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void malformedInput_isNamed() {
    record Case(String hex, String says) {}
    for (Case each :
        new Case[] {
          new Case("08", "varint at byte 1 in field 1: cut off"),
          new Case("08 80", "cut off"),
          new Case("80", "cut off"),
          new Case("08 ffffffffffffffffffff01", "more than 10 bytes"),
          new Case("0a", "cut off"),
          new Case("0a 05 61", "length 5 in field 1: more than the 1 bytes left"),
          new Case("0a ffffffff0f", "length 4294967295"),
          new Case("0a ffffffffffffffffff01", "length 18446744073709551615"),
          new Case("09 00", "fixed64"),
          new Case("0d 00", "fixed32"),
          new Case("00 00", "field number 0"),
          new Case("8080808010 00", "32 bits"),
          new Case("0e", "wire type 6 of field 1"),
          new Case("0c", "wire type 4"),
          new Case("0b", "group 1"),
          new Case("0b 14", "end of group 2"),
          new Case("0b".repeat(33) + "0c".repeat(33), "deeper than 32")
        }) {
      assertThatThrownBy(() -> skipAll(over(each.hex())))
          .describedAs(each.hex())
          .isInstanceOf(MalformedPayloadException.class)
          .hasMessageContaining(each.says());
    }
  }
}
