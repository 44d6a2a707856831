package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.FIXED64;
import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import java.util.function.LongConsumer;

/// Repeated numbers, which a sender may pack into one value or not
/// (https://protobuf.dev/programming-guides/encoding/#packed).
final class Packed {
  private Packed() {}

  /// Takes the current field and gives its numbers on.
  ///
  /// @param wireType of one number
  static void read(ProtobufReader field, int wireType, LongConsumer to)
      throws MalformedPayloadException {
    if (field.wireType() == wireType) {
      to.accept(number(field, wireType));
    } else if (field.wireType() == LENGTH_DELIMITED) {
      field.slice();
      ProtobufReader numbers = new ProtobufReader(field.bytes(), field.start(), field.end());
      while (!numbers.atEnd()) {
        to.accept(number(numbers, wireType));
      }
    } else {
      field.skip();
    }
  }

  private static long number(ProtobufReader reader, int wireType) throws MalformedPayloadException {
    return switch (wireType) {
      case VARINT -> reader.varint();
      case FIXED64 -> reader.fixed64();
      default -> throw new IllegalArgumentException("wireType: " + wireType);
    };
  }

  /// Takes the current field and says how many numbers it has.
  static long count(ProtobufReader field, int wireType) throws MalformedPayloadException {
    long[] count = new long[1];
    read(field, wireType, _ -> count[0]++);
    return count[0];
  }
}
