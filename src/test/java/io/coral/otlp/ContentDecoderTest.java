package io.coral.otlp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.airlift.compress.zstd.ZstdOutputStream;
import io.coral.otlp.ContentDecoder.Coding;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

final class ContentDecoderTest {
  private static final int LIMIT = 1 << 20;
  private static final byte[] TEXT = "observability ".repeat(500).getBytes(StandardCharsets.UTF_8);

  private final ContentDecoder decoder = new ContentDecoder(LIMIT);

  static byte[] gzip(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  static byte[] zstd(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream zstd = new ZstdOutputStream(out)) {
      zstd.write(bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return out.toByteArray();
  }

  static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private byte[] decode(Coding coding, byte[] coded) throws Exception {
    Payload payload = decoder.decode(coding, coded, 0, coded.length);
    return Arrays.copyOfRange(payload.bytes(), payload.from(), payload.to());
  }

  private void assertMalformed(Coding coding, byte[] coded, String says) {
    assertThatThrownBy(() -> decode(coding, coded))
        .isInstanceOf(MalformedPayloadException.class)
        .hasMessageContaining(says);
  }

  @Test
  void codings_areNamedByTheHeader() {
    assertThat(Coding.of(null)).isEqualTo(Coding.IDENTITY);
    assertThat(Coding.of("identity")).isEqualTo(Coding.IDENTITY);
    assertThat(Coding.of(" GZip ")).isEqualTo(Coding.GZIP);
    assertThat(Coding.of("zstd")).isEqualTo(Coding.ZSTD);
    assertThat(Coding.of("br")).isNull();
    assertThat(Coding.of("gzip, gzip")).isNull();
  }

  @Test
  void identity_isNotCopied() throws Exception {
    assertThat(decoder.decode(Coding.IDENTITY, TEXT, 3, 9)).isEqualTo(new Payload(TEXT, 3, 9));
  }

  @Test
  void codedBytes_inTheMiddleOfAnArray_areDecoded() throws Exception {
    byte[] gzip = gzip(TEXT);
    byte[] around = join(join(new byte[7], gzip), new byte[5]);
    Payload payload = decoder.decode(Coding.GZIP, around, 7, 7 + gzip.length);
    assertThat(Arrays.copyOf(payload.bytes(), payload.to())).isEqualTo(TEXT);
  }

  @Test
  void members_severalInOneBody_areAllRead() throws Exception {
    assertThat(decode(Coding.GZIP, join(gzip(TEXT), gzip(new byte[] {7}))))
        .isEqualTo(join(TEXT, new byte[] {7}));
    assertThat(decode(Coding.ZSTD, join(zstd(TEXT), zstd(new byte[] {7}))))
        .isEqualTo(join(TEXT, new byte[] {7}));
  }

  @Test
  void gzipHeader_withAllFields_isPassed() throws Exception {
    byte[] plain = gzip(TEXT);
    byte[] header =
        HexFormat.of()
            .parseHex(
                "1f8b081e00000000" // extra, name, comment, checksum
                    + "00ff" // flags, system
                    + "0300414243" // extra of three bytes
                    + "666f6f00" // name
                    + "62617200" // comment
                    + "1234"); // checksum of the header, not checked
    assertThat(decode(Coding.GZIP, join(header, Arrays.copyOfRange(plain, 10, plain.length))))
        .isEqualTo(TEXT);
  }

  @Test
  void trailingGarbage_isAnError() {
    assertMalformed(Coding.GZIP, join(gzip(TEXT), new byte[] {1, 2, 3}), "gzip");
    assertMalformed(Coding.GZIP, join(gzip(TEXT), new byte[40]), "no member");
    assertMalformed(Coding.ZSTD, join(zstd(TEXT), new byte[] {1, 2, 3}), "zstd");
    assertMalformed(Coding.ZSTD, join(zstd(TEXT), new byte[40]), "zstd");
  }

  @Test
  void everyPrefix_isAnError() {
    byte[] gzip = gzip(Arrays.copyOf(TEXT, 200));
    byte[] zstd = zstd(Arrays.copyOf(TEXT, 200));
    for (int length = 0; length < gzip.length; length++) {
      assertMalformed(Coding.GZIP, Arrays.copyOf(gzip, length), "gzip");
    }
    for (int length = 0; length < zstd.length; length++) {
      assertMalformed(Coding.ZSTD, Arrays.copyOf(zstd, length), "zstd");
    }
  }

  @Test
  void secondMember_cutOff_isAnErrorAndNotDropped() {
    byte[] second = gzip(TEXT);
    assertMalformed(
        Coding.GZIP, join(gzip(TEXT), Arrays.copyOf(second, second.length - 1)), "cut off");
  }

  @Test
  void checksumAndSize_whenWrong_areErrors() {
    byte[] crc = gzip(TEXT);
    crc[crc.length - 8] ^= 1;
    assertMalformed(Coding.GZIP, crc, "checksum");
    byte[] size = gzip(TEXT);
    size[size.length - 1] ^= 1;
    assertMalformed(Coding.GZIP, size, "size");
  }

  @Test
  void payload_ofExactlyTheLimit_isTaken() throws Exception {
    assertThat(decode(Coding.GZIP, gzip(new byte[LIMIT]))).hasSize(LIMIT);
    assertThat(decode(Coding.ZSTD, zstd(new byte[LIMIT]))).hasSize(LIMIT);
    assertThat(decode(Coding.IDENTITY, new byte[LIMIT])).hasSize(LIMIT);
  }

  @Test
  void payload_aboveTheLimit_isTooLarge() {
    byte[] bytes = new byte[LIMIT + 1];
    byte[] half = gzip(new byte[LIMIT / 2 + 1]);
    for (Coding coding : Coding.values()) {
      byte[] coded =
          switch (coding) {
            case IDENTITY -> bytes;
            case GZIP -> gzip(bytes);
            case ZSTD -> zstd(bytes);
          };
      assertThatThrownBy(() -> decode(coding, coded))
          .isInstanceOf(PayloadTooLargeException.class)
          .hasMessageContaining("1048576");
    }
    assertThatThrownBy(() -> decode(Coding.GZIP, join(half, half)))
        .isInstanceOf(PayloadTooLargeException.class);
  }
}
