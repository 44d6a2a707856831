package io.coral.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Rows of one stream, column by column. Immutable once built: nobody writes into the arrays it
/// hands out.
public final class ColumnBatch {
  private final StreamSchema schema;
  private final int rows;
  private final List<Object> columns;

  private ColumnBatch(StreamSchema schema, int rows, List<Object> columns) {
    this.schema = schema;
    this.rows = rows;
    this.columns = columns;
  }

  /// The stream the rows belong to.
  public StreamSchema schema() {
    return schema;
  }

  /// How many rows there are.
  public int rows() {
    return rows;
  }

  /// A column of type LONG; `rows()` values.
  public long[] longs(int column) {
    return (long[]) columns.get(column);
  }

  /// A column of type TEXT; `rows()` values.
  public String[] texts(int column) {
    return (String[]) columns.get(column);
  }

  /// A column of type COUNTS; `rows()` values.
  public int[][] counts(int column) {
    return (int[][]) columns.get(column);
  }

  /// A column of type UUID; upper and lower halves in turn, `2 * rows()` values.
  public long[] uuids(int column) {
    return (long[]) columns.get(column);
  }

  /// Collects rows. Every row gives one value for each column, in the schema's order. One thread.
  public static final class Builder {
    private final StreamSchema schema;
    private final List<Object> columns = new ArrayList<>();
    private int capacity;
    private int rows;
    private int column;

    public Builder(StreamSchema schema, int expectedRows) {
      this.schema = schema;
      this.capacity = Math.max(8, expectedRows);
      for (StreamSchema.Column each : schema.columns()) {
        columns.add(
            switch (each.type()) {
              case LONG -> new long[capacity];
              case TEXT -> new String[capacity];
              case COUNTS -> new int[capacity][];
              case UUID -> new long[2 * capacity];
            });
      }
    }

    public Builder add(long value) {
      expect(ColumnType.LONG);
      ((long[]) columns.get(column))[rows] = value;
      return next();
    }

    public Builder add(String value) {
      expect(ColumnType.TEXT);
      ((String[]) columns.get(column))[rows] = value;
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
        trimmed.add(resized(i, rows));
      }
      return new ColumnBatch(schema, rows, List.copyOf(trimmed));
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
        case TEXT -> Arrays.copyOf((String[]) values, size);
        case COUNTS -> Arrays.copyOf((int[][]) values, size);
        case UUID -> Arrays.copyOf((long[]) values, 2 * size);
      };
    }
  }
}
