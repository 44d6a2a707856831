package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;
import static io.coral.otlp.ProtobufReader.VARINT;

import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.Texts;
import io.coral.model.VaryingText;
import java.util.Arrays;

/// Reads the attributes of an item into its row, without an object for any of them, and notes what
/// they say about an operation. One thread.
final class AttributeDecoder {
  private static final int PLAIN_BYTES = 1024;
  private static final int FIRST = 1 << 3 | LENGTH_DELIMITED;
  private static final int SECOND = 2 << 3 | LENGTH_DELIMITED;
  private static final int VALUE_STRING = 1 << 3 | LENGTH_DELIMITED;
  private static final int VALUE_INT = 3 << 3 | VARINT;

  private final ProtobufReader attribute = new ProtobufReader(new byte[0], 0, 0);
  private final ProtobufReader value = new ProtobufReader(new byte[0], 0, 0);
  private final long[] said = new long[Semantic.values().length];

  /// Forgets what the attributes of the item before said.
  void begin() {
    Arrays.fill(said, -1);
  }

  /// What the attributes say: the number of a string, or -2 minus an integer, or -1 for nothing.
  long said(Semantic semantic) {
    return said[semantic.ordinal()];
  }

  /// Reads a `KeyValue`.
  void read(Vocabulary words, ColumnBatch.Builder rows, byte[] bytes, int from, int to)
      throws MalformedPayloadException, RejectedItemException {
    Texts texts = words.texts;
    attribute.reset(bytes, from, to);
    int key = words.empty;
    int valueStart = from;
    int valueEnd = from;
    while (attribute.next()) {
      switch (attribute.tag()) {
        case FIRST -> {
          attribute.slice();
          key = texts.idOf(bytes, attribute.start(), attribute.end());
        }
        case SECOND -> {
          attribute.slice();
          valueStart = attribute.start();
          valueEnd = attribute.end();
        }
        default -> attribute.skip();
      }
    }
    int semantic = words.semanticOf(key);
    value.reset(bytes, valueStart, valueEnd);
    int tag = value.next() ? value.tag() : 0;
    if (tag == VALUE_STRING) {
      int length = value.slice();
      if (value.atEnd()) {
        string(words, rows, bytes, key, semantic, length);
        return;
      }
    } else if (tag == VALUE_INT) {
      long number = value.varint();
      if (value.atEnd()) {
        rows.attribute(key, AttributeLists.LONG, number);
        if (semantic >= 0) {
          // Statuses and the like; others are not looked at.
          said[semantic] = -2 - Math.max(0, Math.min(number, 1_000_000));
        }
        return;
      }
    }
    StringBuilder json = new StringBuilder();
    AnyValueJson.write(json, bytes, valueStart, valueEnd, 1);
    rows.attribute(key, AttributeLists.JSON, texts.idOf(json.toString()));
  }

  private void string(
      Vocabulary words, ColumnBatch.Builder rows, byte[] bytes, int key, int semantic, int length) {
    Texts texts = words.texts;
    if (semantic < 0 && length > PLAIN_BYTES) {
      rows.plainAttribute(key, Arrays.copyOfRange(bytes, value.start(), value.end()));
      return;
    }
    boolean mayVary = semantic < 0 || semantic == Semantic.URL_PATH.ordinal();
    if (mayVary && words.repetition.hardlyRepeats(key)) {
      if (semantic >= 0) {
        said[semantic] = words.empty;
      }
      VaryingText.add(rows, key, bytes, value.start(), value.end());
      return;
    }
    int before = texts.size();
    int id = texts.idOf(bytes, value.start(), value.end());
    words.repetition.note(key, id == before);
    rows.attribute(key, AttributeLists.TEXT, id);
    if (semantic >= 0) {
      said[semantic] = id;
    }
  }
}
