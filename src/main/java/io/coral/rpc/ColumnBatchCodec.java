package io.coral.rpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.Attributes;
import io.coral.rpc.agent.v1.Column;
import io.coral.rpc.agent.v1.Counts;
import io.coral.rpc.agent.v1.Doubles;
import io.coral.rpc.agent.v1.Longs;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.PullResponseOrBuilder;
import io.coral.rpc.agent.v1.Strings;
import io.coral.rpc.agent.v1.Uuids;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.zip.CRC32C;

/// [ColumnBatch] as the columns of a [PullResponse] and back.
///
/// Columns are matched by name: one that the receiver does not know is ignored, one that the sender
/// did not have gets zeros and empty strings, so neighbouring versions understand each other.
public final class ColumnBatchCodec {
  private ColumnBatchCodec() {}

  /// Adds the columns of a batch to a response.
  public static void encode(ColumnBatch batch, PullResponse.Builder response) {
    List<StreamSchema.Column> columns = batch.schema().columns();
    for (int i = 0; i < columns.size(); i++) {
      Column.Builder column = Column.newBuilder().setName(columns.get(i).name());
      switch (columns.get(i).type()) {
        case LONG -> {
          Longs.Builder longs = Longs.newBuilder();
          for (long value : batch.longs(i)) {
            longs.addValues(value);
          }
          column.setLongs(longs);
        }
        case DOUBLE -> {
          Doubles.Builder doubles = Doubles.newBuilder();
          for (double value : batch.doubles(i)) {
            doubles.addValues(value);
          }
          column.setDoubles(doubles);
        }
        case TEXT -> column.setStrings(strings(batch.texts(i)));
        case PLAIN -> {
          String[] texts = new String[batch.rows()];
          for (int row = 0; row < texts.length; row++) {
            texts[row] = new String(batch.plains(i)[row], StandardCharsets.UTF_8);
          }
          column.setStrings(strings(texts));
        }
        case ATTRIBUTES -> column.setAttributes(attributes(batch.attributes(i), batch));
        case COUNTS -> {
          Counts.Builder counts = Counts.newBuilder();
          for (int[] row : batch.counts(i)) {
            counts.addLengths(row.length);
            for (int value : row) {
              counts.addValues(value);
            }
          }
          column.setCounts(counts);
        }
        case UUID -> {
          Uuids.Builder uuids = Uuids.newBuilder();
          for (long half : batch.uuids(i)) {
            uuids.addHighLow(half);
          }
          column.setUuids(uuids);
        }
      }
      response.addColumns(column);
    }
    response.setRowCount(batch.rows()).setCrc(crc(response));
  }

  /// The checksum of the columns of a response.
  private static int crc(PullResponseOrBuilder response) {
    CRC32C crc = new CRC32C();
    for (Column column : response.getColumnsList()) {
      crc.update(column.toByteArray());
    }
    return (int) crc.getValue();
  }

  private static Attributes attributes(AttributeLists lists, ColumnBatch batch) {
    Attributes.Builder attributes = Attributes.newBuilder();
    Map<Integer, Integer> ids = new HashMap<>();
    IntUnaryOperator numbered =
        id ->
            ids.computeIfAbsent(
                id,
                _ -> {
                  attributes.addDictionary(batch.dictionary().text(id));
                  return attributes.getDictionaryCount() - 1;
                });
    for (int row = 0; row < batch.rows(); row++) {
      attributes.addLengths(lists.end(row) - lists.start(row));
      for (int i = lists.start(row); i < lists.end(row); i++) {
        attributes.addKeys(numbered.applyAsInt(lists.key(i)));
        byte kind = lists.kind(i);
        switch (kind) {
          case AttributeLists.LONG -> attributes.addKinds(kind).addValues(lists.value(i));
          case AttributeLists.TEXT, AttributeLists.JSON ->
              attributes.addKinds(kind).addValues(numbered.applyAsInt((int) lists.value(i)));
          default -> {
            attributes.addKinds(AttributeLists.PLAIN).addValues(attributes.getPlainCount());
            attributes.addPlain(lists.text(i, batch.dictionary()));
          }
        }
      }
    }
    return attributes.build();
  }

  private static Strings strings(String[] values) {
    Strings.Builder strings = Strings.newBuilder();
    Map<String, Integer> ids = new HashMap<>();
    for (String value : values) {
      Integer id = ids.get(value);
      if (id == null) {
        id = ids.size();
        ids.put(value, id);
        strings.addDictionary(value);
      }
      strings.addIndexes(id);
    }
    return strings.build();
  }

  /// The rows of a response.
  ///
  /// @throws IllegalArgumentException when columns are shorter than the row count, of another type,
  ///     or not what the checksum is of
  public static ColumnBatch decode(PullResponse response) {
    StreamSchema schema = StreamSchema.named(response.getStream());
    Map<String, Column> byName = new HashMap<>();
    response.getColumnsList().forEach(column -> byName.put(column.getName(), column));
    int rows = response.getRowCount();
    if (response.hasCrc() && response.getCrc() != crc(response)) {
      throw new IllegalArgumentException("rows of " + schema.name() + " are damaged (CRC)");
    }
    List<Cursor> cursors =
        schema.columns().stream()
            .map(column -> cursor(column, byName.get(column.name()), rows))
            .toList();
    ColumnBatch.Builder batch = new ColumnBatch.Builder(schema, rows);
    for (int row = 0; row < rows; row++) {
      for (Cursor cursor : cursors) {
        cursor.add(batch, row);
      }
    }
    return batch.build();
  }

  private interface Cursor {
    void add(ColumnBatch.Builder batch, int row);
  }

  private static Cursor cursor(
      StreamSchema.Column wanted, @org.jspecify.annotations.Nullable Column column, int rows) {
    if (column == null) {
      return switch (wanted.type()) {
        case LONG -> (batch, _) -> batch.add(0L);
        case DOUBLE -> (batch, _) -> batch.add(0.0);
        case TEXT, PLAIN -> (batch, _) -> batch.add("");
        case ATTRIBUTES -> (batch, _) -> batch.endAttributes();
        case COUNTS -> (batch, _) -> batch.add(new int[0]);
        case UUID -> (batch, _) -> batch.add(0L, 0L);
      };
    }
    FieldDescriptor given =
        column.getOneofFieldDescriptor(Column.getDescriptor().getOneofs().get(0));
    String expected =
        switch (wanted.type()) {
          case LONG -> "longs";
          case DOUBLE -> "doubles";
          case TEXT, PLAIN -> "strings";
          case ATTRIBUTES -> "attributes";
          case COUNTS -> "counts";
          case UUID -> "uuids";
        };
    int length =
        switch (wanted.type()) {
          case LONG -> column.getLongs().getValuesCount();
          case DOUBLE -> column.getDoubles().getValuesCount();
          case TEXT, PLAIN -> column.getStrings().getIndexesCount();
          case ATTRIBUTES -> column.getAttributes().getLengthsCount();
          case COUNTS -> column.getCounts().getLengthsCount();
          case UUID -> column.getUuids().getHighLowCount() / 2;
        };
    if (given == null ? rows > 0 : !given.getName().equals(expected) || length != rows) {
      throw new IllegalArgumentException(
          "column "
              + wanted.name()
              + ": "
              + length
              + " values (expected: "
              + rows
              + " "
              + expected
              + ")");
    }
    return switch (wanted.type()) {
      case LONG -> (batch, row) -> batch.add(column.getLongs().getValues(row));
      case DOUBLE -> (batch, row) -> batch.add(column.getDoubles().getValues(row));
      case ATTRIBUTES -> new AttributesCursor(column.getAttributes());
      case TEXT, PLAIN -> {
        Strings strings = column.getStrings();
        yield (batch, row) -> batch.add(strings.getDictionary(strings.getIndexes(row)));
      }
      case COUNTS -> new CountsCursor(column.getCounts());
      case UUID -> {
        Uuids uuids = column.getUuids();
        yield (batch, row) -> batch.add(uuids.getHighLow(2 * row), uuids.getHighLow(2 * row + 1));
      }
    };
  }

  private static final class CountsCursor implements Cursor {
    private final Counts counts;
    private int at;

    CountsCursor(Counts counts) {
      this.counts = counts;
    }

    @Override
    public void add(ColumnBatch.Builder batch, int row) {
      int[] values = new int[counts.getLengths(row)];
      for (int i = 0; i < values.length; i++) {
        values[i] = counts.getValues(at++);
      }
      batch.add(values);
    }
  }

  private static final class AttributesCursor implements Cursor {
    private final Attributes attributes;
    private int at;

    AttributesCursor(Attributes attributes) {
      this.attributes = attributes;
    }

    @Override
    public void add(ColumnBatch.Builder batch, int row) {
      for (int end = at + attributes.getLengths(row); at < end; at++) {
        int key = batch.dictionary().idOf(attributes.getDictionary(attributes.getKeys(at)));
        long value = attributes.getValues(at);
        byte kind = (byte) attributes.getKinds(at);
        switch (kind) {
          case AttributeLists.LONG -> batch.attribute(key, kind, value);
          case AttributeLists.PLAIN ->
              batch.plainAttribute(
                  key, attributes.getPlain((int) value).getBytes(StandardCharsets.UTF_8));
          case AttributeLists.TEXT, AttributeLists.JSON ->
              batch.attribute(
                  key, kind, batch.dictionary().idOf(attributes.getDictionary((int) value)));
          default ->
              throw new IllegalArgumentException(
                  "kind of attribute: " + kind + " (expected: 0..3)");
        }
      }
      batch.endAttributes();
    }
  }
}
