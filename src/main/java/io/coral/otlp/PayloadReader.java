package io.coral.otlp;

import static io.coral.otlp.ProtobufReader.LENGTH_DELIMITED;

import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// One payload that is being read: resources, the scopes of each, and the items of those, which
/// have the same shape in all signals. An item that cannot be is rejected alone.
abstract class PayloadReader {
  /// Attributes of an item, and further lists of it, that are kept.
  static final int MAX_ITEMS = 128;

  /// Items of one payload that are taken.
  static final int MAX_ROWS = 50_000;

  private static final String NO_ROOM =
      ": too many items or different strings in one request, send fewer at once";

  private static final int EXPECTED_ROWS = 512;
  private static final int SECOND = 2 << 3 | LENGTH_DELIMITED;
  private static final VarHandle BIG_ENDIAN =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  final byte[] bytes;
  final Vocabulary words;
  final ColumnBatch.Builder rows;
  private final String itemName;
  private long rejected;
  private String message = "";

  /// @param itemName for messages
  PayloadReader(byte[] bytes, Vocabulary words, StreamSchema schema, String itemName) {
    this.bytes = bytes;
    this.words = words;
    this.rows = new ColumnBatch.Builder(schema, EXPECTED_ROWS, words.texts);
    this.itemName = itemName;
  }

  /// Reads an item that lies from `from` to `to` into rows, or rejects it.
  ///
  /// @param scope number of the scope's JSON
  abstract void item(Vocabulary.Resource resource, int scope, int from, int to)
      throws MalformedPayloadException, RejectedItemException;

  /// How many items the client sees in what [#item] reads.
  long itemsIn(int from, int to) throws MalformedPayloadException {
    return 1;
  }

  /// Whether another item may be taken. What a request makes in memory is many times its size
  /// where each item has strings of its own.
  final boolean hasRoom() {
    return rows.rows() < MAX_ROWS && !words.isFull();
  }

  /// Rejects items for want of room.
  final void rejectForRoom(long items) {
    reject(items, itemName + NO_ROOM);
  }

  final void reject(long items, String why) {
    message = rejected == 0 ? why : message;
    rejected += items;
  }

  final DecodedItems read(int from, int to) throws MalformedPayloadException {
    ProtobufReader request = new ProtobufReader(bytes, from, to);
    while (request.next()) {
      if (request.tag() == (1 << 3 | LENGTH_DELIMITED)) {
        request.slice();
        ofResource(request.start(), request.end());
      } else {
        request.skip();
      }
    }
    return new DecodedItems(rows.build(), rejected, message);
  }

  private void ofResource(int from, int to) throws MalformedPayloadException {
    Vocabulary.Resource resource = null;
    String wrong = "";
    try {
      resource = words.resource(bytes, from, to);
    } catch (RejectedItemException e) {
      wrong = "resource " + e.getMessage();
    }
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    while (reader.next()) {
      if (reader.tag() != SECOND) {
        reader.skip();
        continue;
      }
      reader.slice();
      if (resource == null) {
        reject(countIn(reader.start(), reader.end()), wrong);
      } else {
        ofScope(resource, reader.start(), reader.end());
      }
    }
  }

  private void ofScope(Vocabulary.Resource resource, int from, int to)
      throws MalformedPayloadException {
    int scope;
    try {
      scope = words.scope(bytes, from, to);
    } catch (RejectedItemException e) {
      reject(countIn(from, to), "scope " + e.getMessage());
      return;
    }
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    while (reader.next()) {
      if (reader.tag() != SECOND) {
        reader.skip();
        continue;
      }
      reader.slice();
      if (!hasRoom()) {
        rejectForRoom(itemsIn(reader.start(), reader.end()));
        continue;
      }
      try {
        item(resource, scope, reader.start(), reader.end());
      } catch (RejectedItemException e) {
        rows.dropAttributes();
        reject(itemsIn(reader.start(), reader.end()), itemName + " " + e.getMessage());
      }
    }
  }

  private long countIn(int from, int to) throws MalformedPayloadException {
    long items = 0;
    ProtobufReader reader = new ProtobufReader(bytes, from, to);
    while (reader.next()) {
      if (reader.tag() == SECOND) {
        reader.slice();
        items += itemsIn(reader.start(), reader.end());
      } else {
        reader.skip();
      }
    }
    return items;
  }

  /// Takes a string.
  static String text(ProtobufReader reader) throws MalformedPayloadException {
    reader.slice();
    return new String(
        reader.bytes(), reader.start(), reader.end() - reader.start(), StandardCharsets.UTF_8);
  }

  /// Eight bytes of an id.
  static long idAt(byte[] bytes, int at) {
    return (long) BIG_ENDIAN.get(bytes, at);
  }

  /// A 32-bit count.
  static long count(ProtobufReader reader) throws MalformedPayloadException {
    return reader.varint() & 0xffffffffL;
  }
}
