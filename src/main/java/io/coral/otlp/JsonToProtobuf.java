package io.coral.otlp;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;

/// OTLP/JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding) to the protobuf
/// bytes of the same request, so that there is one decoder behind both. Streams: holds the
/// input, the output and one value, builds no tree and no messages.
///
/// Unknown names are passed over, of a name that comes twice the last one counts, `null` is
/// absence. An id that is not hex of the right length (base64, say) becomes an id of one byte,
/// so that the decoder rejects its item and not the whole request. Immutable; safe on any
/// thread.
public final class JsonToProtobuf {
  /// How many `AnyValue` may be inside each other.
  static final int MAX_VALUE_DEPTH = 32;

  /// Levels of JSON: ten above an attribute's value, four for each value inside it, and some.
  private static final int MAX_JSON_DEPTH = 10 + 4 * MAX_VALUE_DEPTH + 16;

  private static final int MAX_MESSAGE_LENGTH = 200;
  private static final byte[] INVALID_ID = {0};

  private final JsonShape shape;
  private final int maxBytes;

  private JsonToProtobuf(JsonShape shape, int maxBytes) {
    this.shape = shape;
    this.maxBytes = maxBytes;
  }

  /// The conversion of a signal's requests. Loads the descriptors, so make it when it is
  /// needed.
  ///
  /// @param maxBytes of the protobuf: a packed `1,` of two bytes becomes a double of eight
  public static JsonToProtobuf of(Signal signal, int maxBytes) {
    return new JsonToProtobuf(
        JsonShape.of(
            switch (signal) {
              case TRACES -> ExportTraceServiceRequest.getDescriptor();
              case METRICS -> ExportMetricsServiceRequest.getDescriptor();
              case LOGS -> ExportLogsServiceRequest.getDescriptor();
            }),
        maxBytes);
  }

  /// Converts one request.
  public Payload convert(byte[] json, int from, int to)
      throws MalformedPayloadException, PayloadTooLargeException {
    ProtobufWriter out = new ProtobufWriter(Math.min(maxBytes, to - from), maxBytes);
    try (JsonReader in =
        new JsonReader(
            new InputStreamReader(
                new ByteArrayInputStream(json, from, to - from), StandardCharsets.UTF_8))) {
      in.setStrictness(Strictness.LEGACY_STRICT);
      in.setNestingLimit(MAX_JSON_DEPTH);
      Conversion conversion = new Conversion(in, out);
      conversion.message(shape, 0);
      if (in.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedPayloadException("JSON: more behind the request");
      }
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new MalformedPayloadException("JSON: " + firstLine(e));
    }
    return out.payload();
  }

  private static String firstLine(Exception e) {
    String message = String.valueOf(e.getMessage());
    int end = message.indexOf('\n');
    end = end < 0 ? message.length() : end;
    return message.substring(0, Math.min(end, MAX_MESSAGE_LENGTH));
  }

  /// One run. The names that the open objects have had are kept on one stack of
  /// `(field, begin, end)`, to take back the output of a name that comes again.
  private static final class Conversion {
    private static final int ENTRY = 3;

    private final JsonReader in;
    private final ProtobufWriter out;
    private int[] written = new int[64 * ENTRY];
    private int writtenTop;

    Conversion(JsonReader in, ProtobufWriter out) {
      this.in = in;
      this.out = out;
    }

    /// @param valueDepth how many `AnyValue` are around this message
    void message(JsonShape shape, int valueDepth)
        throws IOException, MalformedPayloadException, PayloadTooLargeException {
      int depth = shape.nests() ? valueDepth + 1 : valueDepth;
      if (depth > MAX_VALUE_DEPTH) {
        throw new MalformedPayloadException(
            "values: nested deeper than " + MAX_VALUE_DEPTH + " levels");
      }
      int bottom = writtenTop;
      long seen = 0;
      in.beginObject();
      while (in.hasNext()) {
        JsonShape.Field field = shape.field(in.nextName());
        if (field == null) {
          in.skipValue();
          continue;
        }
        long bit = 1L << field.index();
        if ((seen & bit) != 0) {
          takeBack(bottom, field.index());
        }
        seen |= bit;
        int from = out.length();
        if (shape.nests() && field.type() == FieldDescriptor.Type.INT64) {
          integerOrDouble(field);
        } else {
          field(field, depth);
        }
        remember(field.index(), from, out.length());
      }
      in.endObject();
      writtenTop = bottom;
    }

    /// The SDK of JavaScript, which has one kind of number, calls 1e300 an integer: a double.
    private void integerOrDouble(JsonShape.Field integer)
        throws IOException, MalformedPayloadException, PayloadTooLargeException {
      if (in.peek() != JsonToken.NUMBER) {
        field(integer, 0);
        return;
      }
      String text = in.nextString();
      try {
        long value = JsonNumbers.integer(text, 64, true);
        out.tag(integer.number(), wireType(integer));
        out.varint(value);
      } catch (MalformedPayloadException e) {
        double value = JsonNumbers.floating(text);
        if (Math.abs(value) < 0x1p63) {
          throw e;
        }
        out.tag(AnyValue.DOUBLE_VALUE_FIELD_NUMBER, ProtobufReader.FIXED64);
        out.fixed64(Double.doubleToRawLongBits(value));
      }
    }

    private void field(JsonShape.Field field, int depth)
        throws IOException, MalformedPayloadException, PayloadTooLargeException {
      if (in.peek() == JsonToken.NULL) {
        in.nextNull();
      } else if (!field.repeated()) {
        tagged(field, depth);
      } else if (field.packed()) {
        out.tag(field.number(), ProtobufReader.LENGTH_DELIMITED);
        int from = out.open();
        in.beginArray();
        while (in.hasNext()) {
          value(field, depth);
        }
        in.endArray();
        out.close(from);
      } else {
        in.beginArray();
        while (in.hasNext()) {
          tagged(field, depth);
        }
        in.endArray();
      }
    }

    private void tagged(JsonShape.Field field, int depth)
        throws IOException, MalformedPayloadException, PayloadTooLargeException {
      int from = out.length();
      out.tag(field.number(), wireType(field));
      if (!value(field, depth)) {
        out.remove(from, out.length());
      }
    }

    private static int wireType(JsonShape.Field field) {
      return switch (field.type()) {
        case DOUBLE, FIXED64, SFIXED64 -> ProtobufReader.FIXED64;
        case FLOAT, FIXED32, SFIXED32 -> ProtobufReader.FIXED32;
        case INT64, UINT64, INT32, UINT32, SINT32, SINT64, BOOL, ENUM -> ProtobufReader.VARINT;
        case STRING, BYTES, MESSAGE, GROUP -> ProtobufReader.LENGTH_DELIMITED;
      };
    }

    /// Writes one value without its tag; false if it is a name that the enum does not have.
    private boolean value(JsonShape.Field field, int depth)
        throws IOException, MalformedPayloadException, PayloadTooLargeException {
      switch (field.type()) {
        case STRING -> out.text(in.nextString());
        case FIXED64, UINT64 -> number64(field, JsonNumbers.integer(in.nextString(), 64, false));
        case INT64, SFIXED64, SINT64 ->
            number64(field, JsonNumbers.integer(in.nextString(), 64, true));
        case FIXED32, UINT32 -> number32(field, JsonNumbers.integer(in.nextString(), 32, false));
        case INT32, SFIXED32, SINT32 ->
            number32(field, JsonNumbers.integer(in.nextString(), 32, true));
        case DOUBLE ->
            out.fixed64(Double.doubleToRawLongBits(JsonNumbers.floating(in.nextString())));
        case FLOAT ->
            out.fixed32(Float.floatToRawIntBits((float) JsonNumbers.floating(in.nextString())));
        case BOOL -> out.varint(in.nextBoolean() ? 1 : 0);
        case ENUM -> {
          return enumeration(field);
        }
        case BYTES -> out.bytes(field.idBytes() > 0 ? id(field.idBytes()) : base64());
        case MESSAGE -> {
          JsonShape message = field.message();
          if (message != null) {
            int from = out.open();
            message(message, depth);
            out.close(from);
          }
        }
        case GROUP -> throw new IllegalStateException("group in " + field);
      }
      return true;
    }

    private void number64(JsonShape.Field field, long value) throws PayloadTooLargeException {
      switch (field.type()) {
        case FIXED64, SFIXED64 -> out.fixed64(value);
        case SINT64 -> out.varint((value << 1) ^ (value >> 63));
        default -> out.varint(value);
      }
    }

    private void number32(JsonShape.Field field, long value) throws PayloadTooLargeException {
      switch (field.type()) {
        case FIXED32, SFIXED32 -> out.fixed32((int) value);
        case SINT32 -> out.varint(((value << 1) ^ (value >> 63)) & 0xffffffffL);
        default -> out.varint(value);
      }
    }

    private boolean enumeration(JsonShape.Field field)
        throws IOException, MalformedPayloadException, PayloadTooLargeException {
      boolean quoted = in.peek() == JsonToken.STRING;
      String text = in.nextString();
      Integer number = quoted ? field.numbers().get(text) : null;
      if (number != null) {
        out.varint(number);
      } else if (quoted && !text.isEmpty() && !Character.isDigit(text.charAt(0))) {
        return false;
      } else {
        out.varint(JsonNumbers.integer(text, 32, true));
      }
      return true;
    }

    private byte[] id(int length) throws IOException {
      String text = in.nextString();
      if (text.isEmpty()) {
        return new byte[0];
      }
      if (text.length() != 2 * length) {
        return INVALID_ID;
      }
      try {
        return HexFormat.of().parseHex(text);
      } catch (IllegalArgumentException e) {
        return INVALID_ID;
      }
    }

    /// Standard or URL-safe, padded or not, as protobuf's own parsers take it.
    private byte[] base64() throws IOException, MalformedPayloadException {
      String text = in.nextString().replace('-', '+').replace('_', '/');
      try {
        return Base64.getDecoder().decode(text);
      } catch (IllegalArgumentException e) {
        throw new MalformedPayloadException("bytes: not base64");
      }
    }

    private void remember(int field, int from, int to) {
      if (writtenTop + ENTRY > written.length) {
        written = Arrays.copyOf(written, 2 * written.length);
      }
      written[writtenTop++] = field;
      written[writtenTop++] = from;
      written[writtenTop++] = to;
    }

    /// Removes what a field of the object whose entries begin at `bottom` has written before.
    private void takeBack(int bottom, int field) {
      int at = bottom;
      while (written[at] != field) {
        at += ENTRY;
      }
      int from = written[at + 1];
      int removed = written[at + 2] - from;
      out.remove(from, from + removed);
      System.arraycopy(written, at + ENTRY, written, at, writtenTop - at - ENTRY);
      writtenTop -= ENTRY;
      for (int later = at; later < writtenTop; later += ENTRY) {
        written[later + 1] -= removed;
        written[later + 2] -= removed;
      }
    }
  }
}
