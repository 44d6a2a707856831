package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.otlp.ContentDecoder.Coding;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class ContentDecoderProperties {
  private final ContentDecoder decoder = new ContentDecoder(1 << 16);

  @Property(tries = 300)
  void gzip_inMembersSplitAnywhere_isTheWhole(
      @ForAll @Size(max = 400) byte[] bytes,
      @ForAll @IntRange(max = 400) int first,
      @ForAll @IntRange(max = 400) int second)
      throws Exception {
    int one = Math.min(first, bytes.length);
    int two = Math.min(Math.max(first, second), bytes.length);
    byte[] coded =
        ContentDecoderTest.join(
            ContentDecoderTest.gzip(Arrays.copyOf(bytes, one)),
            ContentDecoderTest.join(
                ContentDecoderTest.gzip(Arrays.copyOfRange(bytes, one, two)),
                ContentDecoderTest.gzip(Arrays.copyOfRange(bytes, two, bytes.length))));
    Payload payload = decoder.decode(Coding.GZIP, coded, 0, coded.length);
    assertThat(Arrays.copyOf(payload.bytes(), payload.to())).isEqualTo(bytes);
  }

  @Property(tries = 500)
  void anyBytes_areDecodedOrRefused(
      @ForAll @Size(max = 200) byte[] bytes, @ForAll @IntRange(max = 50) int at) {
    for (Coding coding : new Coding[] {Coding.GZIP, Coding.ZSTD}) {
      byte[] damaged =
          coding == Coding.GZIP ? ContentDecoderTest.gzip(bytes) : ContentDecoderTest.zstd(bytes);
      damaged[at % damaged.length] ^= 0x55;
      decodeOrRefuse(coding, damaged);
      decodeOrRefuse(coding, bytes);
    }
  }

  private void decodeOrRefuse(Coding coding, byte[] coded) {
    try {
      assertThat(decoder.decode(coding, coded, 0, coded.length).length()).isNotNegative();
    } catch (MalformedPayloadException | PayloadTooLargeException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }
}
