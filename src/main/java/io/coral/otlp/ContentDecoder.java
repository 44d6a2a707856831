package io.coral.otlp;

import io.airlift.compress.zstd.ZstdInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Locale;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/// Undoes a content coding. The limit holds for what comes out, and the output grows as it
/// comes out, so a bomb costs no more than the limit. Immutable; safe on any thread.
///
/// All members of a gzip file and all frames of a zstd file are read. What follows them, or a
/// member that is cut off, makes the payload malformed: a receiver that stops at the first
/// member and says OK loses the rest silently.
public final class ContentDecoder {
  /// The default limit, of what is decoded: 16 MiB. gRPC's own is 4 MiB.
  public static final int DEFAULT_MAX_BYTES = 16 << 20;

  /// Guessed before the first byte is out; real telemetry shrinks to between a half and a
  /// tenth.
  private static final int EXPECTED_RATIO = 6;

  private final int maxBytes;

  /// @param maxBytes of the decoded payload
  public ContentDecoder(int maxBytes) {
    if (maxBytes < 1 || maxBytes == Integer.MAX_VALUE) {
      throw new IllegalArgumentException("maxBytes: " + maxBytes + " (expected: 1..2^31-2)");
    }
    this.maxBytes = maxBytes;
  }

  /// The codings that are understood.
  public enum Coding {
    IDENTITY,
    GZIP,
    ZSTD;

    /// What OTLP/HTTP and gRPC may be told that this server understands.
    public static final String ACCEPTED = "identity, gzip, zstd";

    /// The coding that a header names; null if it is unknown or more than one.
    public static @Nullable Coding of(@Nullable String header) {
      if (header == null) {
        return IDENTITY;
      }
      return switch (header.trim().toLowerCase(Locale.ROOT)) {
        case "", "identity" -> IDENTITY;
        case "gzip", "x-gzip" -> GZIP;
        case "zstd" -> ZSTD;
        default -> null;
      };
    }
  }

  /// Decodes a whole body. Identity gives the same bytes back, uncopied.
  public Payload decode(Coding coding, byte[] bytes, int from, int to)
      throws MalformedPayloadException, PayloadTooLargeException {
    return switch (coding) {
      case IDENTITY -> identity(bytes, from, to);
      case GZIP -> gunzip(bytes, from, to);
      case ZSTD -> unzstd(bytes, from, to);
    };
  }

  private Payload identity(byte[] bytes, int from, int to) throws PayloadTooLargeException {
    if (to - from > maxBytes) {
      throw new PayloadTooLargeException(maxBytes);
    }
    return new Payload(bytes, from, to);
  }

  private GrowingBytes output(int codedBytes) {
    // One byte more than allowed: only when it comes out is the payload known to be too large.
    return new GrowingBytes(
        (int) Math.min(maxBytes, (long) codedBytes * EXPECTED_RATIO), maxBytes + 1);
  }

  private void advance(GrowingBytes out, int decoded) throws PayloadTooLargeException {
    out.advance(decoded);
    if (out.length() > maxBytes) {
      throw new PayloadTooLargeException(maxBytes);
    }
  }

  private Payload gunzip(byte[] bytes, int from, int to)
      throws MalformedPayloadException, PayloadTooLargeException {
    GrowingBytes out = output(to - from);
    Inflater inflater = new Inflater(true);
    try {
      int at = from;
      do {
        at = member(inflater, bytes, at, to, out);
      } while (at < to);
      return out.payload();
    } catch (DataFormatException e) {
      throw new MalformedPayloadException("gzip: " + e.getMessage());
    } finally {
      inflater.end();
    }
  }

  /// Reads one member (RFC 1952, section 2.3) and returns where it ends.
  private int member(Inflater inflater, byte[] bytes, int from, int to, GrowingBytes out)
      throws MalformedPayloadException, PayloadTooLargeException, DataFormatException {
    int dataFrom = GzipHeader.skip(bytes, from, to);
    int outFrom = out.length();
    inflater.reset();
    inflater.setInput(bytes, dataFrom, to - dataFrom);
    while (!inflater.finished()) {
      if (out.room() == 0) {
        out.reserve(1);
      }
      int inflated = inflater.inflate(out.array(), out.length(), out.room());
      advance(out, inflated);
      if (inflated == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
        throw new MalformedPayloadException("gzip: cut off after " + (to - from) + " bytes");
      }
    }
    int trailer = to - inflater.getRemaining();
    if (to - trailer < 8) {
      throw new MalformedPayloadException("gzip: cut off in the trailer");
    }
    CRC32 crc = new CRC32();
    crc.update(out.array(), outFrom, out.length() - outFrom);
    if (GzipHeader.int32(bytes, trailer) != (int) crc.getValue()) {
      throw new MalformedPayloadException("gzip: wrong checksum");
    }
    if (GzipHeader.int32(bytes, trailer + 4) != out.length() - outFrom) {
      throw new MalformedPayloadException("gzip: wrong size in the trailer");
    }
    return trailer + 8;
  }

  private Payload unzstd(byte[] bytes, int from, int to)
      throws MalformedPayloadException, PayloadTooLargeException {
    ZstdFrames.check(bytes, from, to);
    GrowingBytes out = output(to - from);
    try (ZstdInputStream in =
        new ZstdInputStream(new ByteArrayInputStream(bytes, from, to - from))) {
      while (true) {
        if (out.room() == 0) {
          out.reserve(1);
        }
        int read = in.read(out.array(), out.length(), out.room());
        if (read < 0) {
          return out.payload();
        }
        advance(out, read);
      }
    } catch (IOException | RuntimeException e) {
      throw new MalformedPayloadException("zstd: " + e.getMessage());
    }
  }
}
