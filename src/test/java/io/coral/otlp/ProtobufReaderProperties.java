package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

final class ProtobufReaderProperties {
  @Property(tries = 2000)
  void anyBytes_endOrAreMalformed(@ForAll @Size(max = 64) byte[] bytes) {
    ProtobufReader reader = new ProtobufReader(bytes, 0, bytes.length);
    try {
      while (reader.next()) {
        int before = reader.position();
        reader.skip();
        assertThat(reader.position()).isBetween(before, bytes.length);
      }
      assertThat(reader.position()).isEqualTo(bytes.length);
    } catch (MalformedPayloadException e) {
      assertThat(e).hasMessageMatching(".+");
    }
  }

  @Property
  void varints_writtenByProtobuf_areReadBack(@ForAll long value) throws Exception {
    byte[] bytes =
        UnknownFieldSet.newBuilder()
            .addField(77, UnknownFieldSet.Field.newBuilder().addVarint(value).build())
            .build()
            .toByteArray();
    ProtobufReader reader = new ProtobufReader(bytes, 0, bytes.length);
    assertThat(reader.next()).isTrue();
    assertThat(reader.field()).isEqualTo(77);
    assertThat(reader.varint()).isEqualTo(value);
    assertThat(reader.next()).isFalse();
  }
}
