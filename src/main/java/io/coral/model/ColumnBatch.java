package io.coral.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Rows of one stream, column by column. Immutable once built: nobody writes into the arrays it
/// hands out.
public final class ColumnBatch {
  private static final byte[] NOTHING = {};

  private final StreamSchema schema;
  private final int rows;
  private final List<Object> columns;
  private final Texts dictionary;

  private ColumnBatch(StreamSchema schema, int rows, List<Object> columns, Texts dictionary) {
    this.schema = schema;
    this.rows = rows;
    this.columns = columns;
    this.dictionary = dictionary;
  }

  /// The stream the rows belong to.
  public StreamSchema schema() {
    return schema;
  }

  /// How many rows there are.
  public int rows() {
    return rows;
  }

  /// The strings of all TEXT and ATTRIBUTES columns; other batches may share it.
  public Texts dictionary() {
    return dictionary;
  }

  /// A column of type LONG; `rows()` values.
  public long[] longs(int column) {
    return (long[]) columns.get(column);
  }

  /// A column of type DOUBLE; `rows()` values.
  public double[] doubles(int column) {
    return (double[]) columns.get(column);
  }

  /// A column of type TEXT as numbers of [#dictionary()]; `rows()` values.
  public int[] textIds(int column) {
    return (int[]) columns.get(column);
  }

  /// A column of type TEXT as strings; `rows()` values.
  public String[] texts(int column) {
    String[] texts = new String[rows];
    int[] ids = textIds(column);
    for (int row = 0; row < rows; row++) {
      texts[row] = dictionary.text(ids[row]);
    }
    return texts;
  }

  /// A column of type PLAIN in UTF-8; `rows()` values, empty ones included.
  public byte[][] plains(int column) {
    return (byte[][]) columns.get(column);
  }

  /// A column of type COUNTS; `rows()` values.
  public int[][] counts(int column) {
    return (int[][]) columns.get(column);
  }

  /// A column of type UUID; upper and lower halves in turn, `2 * rows()` values.
  public long[] uuids(int column) {
    return (long[]) columns.get(column);
  }

  /// A column of type ATTRIBUTES.
  public AttributeLists attributes(int column) {
    return (AttributeLists) columns.get(column);
  }

  /// Collects rows. Every row gives one value for each column, in the schema's order. One thread.
  public static final class Builder {
    private final StreamSchema schema;
    private final Texts dictionary;
    private final List<Object> columns = new ArrayList<>();
    private int capacity;
    private int rows;
    private int column;

    public Builder(StreamSchema schema, int expectedRows) {
      this(schema, expectedRows, new Texts());
    }

    /// @param dictionary which other batches may share
    public Builder(StreamSchema schema, int expectedRows, Texts dictionary) {
      this.schema = schema;
      this.dictionary = dictionary;
      this.capacity = Math.max(8, expectedRows);
      for (StreamSchema.Column each : schema.columns()) {
        columns.add(
            switch (each.type()) {
              case LONG -> new long[capacity];
              case DOUBLE -> new double[capacity];
              case TEXT -> new int[capacity];
              case PLAIN -> new byte[capacity][];
              case COUNTS -> new int[capacity][];
              case UUID -> new long[2 * capacity];
              case ATTRIBUTES -> new AttributeLists(capacity);
            });
      }
    }

    public Builder add(long value) {
      expect(ColumnType.LONG);
      ((long[]) columns.get(column))[rows] = value;
      return next();
    }

    public Builder add(double value) {
      expect(ColumnType.DOUBLE);
      ((double[]) columns.get(column))[rows] = value;
      return next();
    }

    /// A value of a TEXT or PLAIN column.
    public Builder add(String value) {
      if (schema.columns().get(column).type() == ColumnType.PLAIN) {
        return add(value.isEmpty() ? NOTHING : value.getBytes(StandardCharsets.UTF_8));
      }
      return addText(dictionary.idOf(value));
    }

    /// A value of a PLAIN column in UTF-8, which is kept.
    public Builder add(byte[] utf8) {
      expect(ColumnType.PLAIN);
      ((byte[][]) columns.get(column))[rows] = utf8;
      return next();
    }

    /// A value of a TEXT column.
    ///
    /// @param id of the dictionary
    public Builder addText(int id) {
      expect(ColumnType.TEXT);
      ((int[]) columns.get(column))[rows] = id;
      return next();
    }

    public Builder add(int[] counts) {
      expect(ColumnType.COUNTS);
      ((int[][]) columns.get(column))[rows] = counts;
      return next();
    }

    public Builder add(long high, long low) {
      expect(ColumnType.UUID);
      long[] values = (long[]) columns.get(column);
      values[2 * rows] = high;
      values[2 * rows + 1] = low;
      return next();
    }

    /// An attribute of the row; may come before the row's other values. An ATTRIBUTES column is
    /// the schema's last.
    ///
    /// @param key of the dictionary
    /// @param kind of [AttributeLists]
    public Builder attribute(int key, byte kind, long value) {
      attributes().add(key, kind, value);
      return this;
    }

    /// A string attribute that hardly repeats.
    ///
    /// @param utf8 is kept
    public Builder plainAttribute(int key, byte[] utf8) {
      attributes().add(key, AttributeLists.PLAIN, attributes().addPlain(utf8));
      return this;
    }

    /// No further attributes of this row.
    public Builder endAttributes() {
      expect(ColumnType.ATTRIBUTES);
      attributes().endRow();
      return next();
    }

    /// Takes back the attributes, if there are any, of a row that is not going to be.
    public void dropAttributes() {
      if (columns.getLast() instanceof AttributeLists lists) {
        lists.dropRow();
      }
    }

    private AttributeLists attributes() {
      return (AttributeLists) columns.getLast();
    }

    /// The strings of the batch.
    public Texts dictionary() {
      return dictionary;
    }

    /// Rows that are complete.
    public int rows() {
      return rows;
    }

    /// @throws IllegalStateException inside a row
    public ColumnBatch build() {
      if (column != 0) {
        throw new IllegalStateException(
            "row of " + schema.name() + " has only " + column + " values");
      }
      List<Object> trimmed = new ArrayList<>();
      for (int i = 0; i < columns.size(); i++) {
        trimmed.add(rows == capacity ? columns.get(i) : resized(i, rows));
      }
      return new ColumnBatch(schema, rows, List.copyOf(trimmed), dictionary);
    }

    private Builder next() {
      if (++column == columns.size()) {
        column = 0;
        if (++rows == capacity) {
          capacity *= 2;
          for (int i = 0; i < columns.size(); i++) {
            columns.set(i, resized(i, capacity));
          }
        }
      }
      return this;
    }

    private void expect(ColumnType given) {
      StreamSchema.Column expected = schema.columns().get(column);
      if (expected.type() != given) {
        throw new IllegalArgumentException(
            schema.name()
                + "."
                + expected.name()
                + ": "
                + given
                + " (expected: "
                + expected.type()
                + ")");
      }
    }

    private Object resized(int index, int size) {
      Object values = columns.get(index);
      return switch (schema.columns().get(index).type()) {
        case LONG -> Arrays.copyOf((long[]) values, size);
        case DOUBLE -> Arrays.copyOf((double[]) values, size);
        case TEXT -> Arrays.copyOf((int[]) values, size);
        case PLAIN -> Arrays.copyOf((byte[][]) values, size);
        case COUNTS -> Arrays.copyOf((int[][]) values, size);
        case UUID -> Arrays.copyOf((long[]) values, 2 * size);
        case ATTRIBUTES -> values;
      };
    }
  }
}
