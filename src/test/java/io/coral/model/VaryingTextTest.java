package io.coral.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VaryingTextTest {
  private static final StreamSchema ROWS =
      new StreamSchema("rows", List.of(new StreamSchema.Column("a", ColumnType.ATTRIBUTES)));

  @ParameterizedTest
  @CsvSource({
    "'',PLAIN",
    "u-0000017,NUMBERED",
    "/orders/0,NUMBERED",
    "/orders/17,NUMBERED",
    "10.0.3.41,NUMBERED",
    "x99999999,NUMBERED",
    "x123456789,NUMBERED",
    "100000000007,NUMBERED",
    "1000000000070,PLAIN",
    "1784829181823934464,PLAIN",
    "0123456789abcdef,HEX",
    "ffffffffffffffff,HEX",
    "0123456789ABCDEF,PLAIN",
    "1234567890123456,HEX",
    "naïve,PLAIN",
    "٣,PLAIN"
  })
  void text_isReadBackAsItWas(String text, String kind) {
    ColumnBatch.Builder builder = new ColumnBatch.Builder(ROWS, 1);
    byte[] utf8 = ("<" + text + ">").getBytes(StandardCharsets.UTF_8);
    VaryingText.add(builder, builder.dictionary().idOf("key"), utf8, 1, utf8.length - 1);
    ColumnBatch batch = builder.endAttributes().build();
    AttributeLists lists = batch.attributes(0);
    assertThat(lists.text(0, batch.dictionary())).isEqualTo(text);
    assertThat(lists.kind(0))
        .isEqualTo(
            switch (kind) {
              case "HEX" -> AttributeLists.HEX;
              case "NUMBERED" -> AttributeLists.NUMBERED;
              default -> AttributeLists.PLAIN;
            });
  }
}
