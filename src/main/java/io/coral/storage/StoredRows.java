package io.coral.storage;

import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import io.coral.model.Texts;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads rows of one partition as they are stored, then only those groups, shapes and strings that
/// they name, and puts them together as a [ColumnBatch]. Nothing becomes JSON on the way, as it
/// does in [StreamTable#select].
///
/// For one use on one thread.
final class StoredRows {
  private static final int MAX_LITERALS = 20;

  private final Connection connection;
  private final StreamTable table;
  private final StreamSchema schema;
  private final List<StreamSchema.Column> grouped;
  private final List<Row> rows = new ArrayList<>();
  private final Map<Integer, long[]> groups = new HashMap<>();
  private final Map<Integer, Shape> shapes = new HashMap<>();

  // The number that a stored string has in the batch.
  private final Map<Integer, Integer> numbers = new HashMap<>();
  private int[] positions = new int[0];
  private int kind;
  private int shape;
  private int[] valueColumns = new int[0];
  private int[] plainColumns = new int[0];

  /// @param columns one for each column of the stream that is not grouped: a Long, a Double, a
  ///     string, counts or a UUID
  /// @param values by slot, from 1
  /// @param plain by slot, from 1; null when the row has none
  private record Row(
      int kind, @Nullable Object[] columns, int shape, long[] values, @Nullable String[] plain) {}

  /// @param fixed values of attributes that are the same in every row
  record Shape(AttributeShapes.Form form, long[] fixed) {
    private long value(Row row, int attribute) {
      int slot = form.slots()[attribute];
      return slot > 0 ? row.values[slot] : fixed[-slot - 1];
    }
  }

  StoredRows(Connection connection, StreamTable table) {
    this.connection = connection;
    this.table = table;
    this.schema = table.schema();
    this.grouped = schema.columns().stream().filter(StreamSchema.Column::grouped).toList();
  }

  /// Reads rows.
  ///
  /// @param condition on a row `r`, with `ORDER BY` and `LIMIT` behind it
  ColumnBatch read(String condition) throws SQLException {
    readRows(condition);
    if (!grouped.isEmpty()) {
      readGroups();
    }
    if (shape > 0) {
      readShapes();
    }
    Texts texts = readTexts();
    ColumnBatch.Builder batch = new ColumnBatch.Builder(schema, rows.size(), texts);
    for (Row row : rows) {
      add(row, batch, texts);
    }
    return batch.build();
  }

  private void readRows(String condition) throws SQLException {
    // Which epoch a row is of, and its number there, is asked for by nobody who reads it here.
    String sql =
        "SELECT r.* EXCLUDE (epoch, seq) FROM " + table.rowsTable() + " AS r WHERE " + condition;
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      find(result.getMetaData());
      while (result.next()) {
        @Nullable Object[] columns = new @Nullable Object[positions.length];
        for (int i = 0; i < positions.length; i++) {
          columns[i] = positions[i] == 0 ? null : value(result, i);
        }
        rows.add(
            new Row(
                kind == 0 ? 0 : result.getInt(kind),
                columns,
                shape == 0 ? 0 : result.getInt(shape),
                longs(result),
                strings(result)));
      }
    }
  }

  private void find(ResultSetMetaData meta) throws SQLException {
    Map<String, Integer> at = new HashMap<>();
    valueColumns = new int[AttributeShapes.MOST_VALUES + 1];
    plainColumns = new int[AttributeShapes.MOST_PLAIN + 1];
    for (int i = 1; i <= meta.getColumnCount(); i++) {
      String column = meta.getColumnName(i);
      at.put(column, i);
      if (column.matches("v\\d+")) {
        valueColumns[Integer.parseInt(column.substring(1))] = i;
      } else if (column.matches("p\\d+")) {
        plainColumns[Integer.parseInt(column.substring(1))] = i;
      }
    }
    List<StreamSchema.Column> columns = schema.columns();
    positions = new int[columns.size()];
    for (int i = 0; i < positions.length; i++) {
      boolean isStored =
          !columns.get(i).grouped() && columns.get(i).type() != ColumnType.ATTRIBUTES;
      positions[i] = isStored ? at.getOrDefault(columns.get(i).name(), 0) : 0;
    }
    kind = grouped.isEmpty() ? 0 : at.getOrDefault("kind", 0);
    shape = at.getOrDefault("shape", 0);
  }

  private @Nullable Object value(ResultSet result, int column) throws SQLException {
    int position = positions[column];
    return switch (schema.columns().get(column).type()) {
      case LONG, TEXT -> result.getLong(position);
      case DOUBLE -> result.getDouble(position);
      case PLAIN -> result.getString(position);
      case COUNTS -> counts(result.getArray(position));
      case UUID -> result.getObject(position);
      case ATTRIBUTES -> null;
    };
  }

  static int[] counts(Array array) throws SQLException {
    Object[] values = (Object[]) array.getArray();
    int[] counts = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      counts[i] = ((Number) values[i]).intValue();
    }
    return counts;
  }

  private long[] longs(ResultSet result) throws SQLException {
    long[] values = new long[valueColumns.length];
    for (int i = 1; i < values.length; i++) {
      if (valueColumns[i] != 0) {
        values[i] = result.getLong(valueColumns[i]);
      }
    }
    return values;
  }

  private @Nullable String[] strings(ResultSet result) throws SQLException {
    @Nullable String[] values = new @Nullable String[plainColumns.length];
    for (int i = 1; i < values.length; i++) {
      values[i] = plainColumns[i] == 0 ? null : result.getString(plainColumns[i]);
    }
    return values;
  }

  private void readGroups() throws SQLException {
    Set<Integer> ids = rows.stream().map(Row::kind).collect(Collectors.toSet());
    String columns =
        grouped.stream().map(StreamSchema.Column::name).collect(Collectors.joining(", "));
    table
        .heldGroups()
        .find(
            ids,
            (condition, into) -> {
              try (Statement statement = connection.createStatement();
                  ResultSet result =
                      statement.executeQuery(
                          "SELECT id, "
                              + columns
                              + " FROM "
                              + table.groupsTable()
                              + " WHERE "
                              + condition)) {
                while (result.next()) {
                  long[] values = new long[grouped.size()];
                  for (int i = 0; i < values.length; i++) {
                    values[i] = result.getLong(i + 2);
                  }
                  into.accept(result.getInt(1), values);
                }
              }
            },
            groups);
  }

  private void readShapes() throws SQLException {
    Set<Integer> ids = rows.stream().map(Row::shape).collect(Collectors.toSet());
    table.heldShapes().find(ids, this::readShapes, shapes);
  }

  private void readShapes(String condition, BiConsumer<Integer, Shape> into) throws SQLException {
    Map<Integer, Integer> formOf = new HashMap<>();
    Map<Integer, long[]> fixed = new HashMap<>();
    AttributeShapes stored = table.shapes();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT id, form, fixed FROM " + stored.shapesTable() + " WHERE " + condition)) {
      while (result.next()) {
        Object[] values = (Object[]) result.getArray(3).getArray();
        long[] numbers = new long[values.length];
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = ((Number) values[i]).longValue();
        }
        formOf.put(result.getInt(1), result.getInt(2));
        fixed.put(result.getInt(1), numbers);
      }
    }
    Map<Integer, AttributeShapes.Form> forms = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT id, keys, kinds, slots FROM "
                    + stored.formsTable()
                    + " WHERE id IN ("
                    + list(new HashSet<>(formOf.values()))
                    + ")")) {
      while (result.next()) {
        forms.put(result.getInt(1), AttributeShapes.form(result));
      }
    }
    fixed.forEach(
        (id, values) -> {
          AttributeShapes.Form form = forms.get(formOf.get(id));
          if (form != null) {
            into.accept(id, new Shape(form, values));
          }
        });
  }

  private Texts readTexts() throws SQLException {
    Set<Integer> ids = new HashSet<>();
    for (long[] group : groups.values()) {
      for (int i = 0; i < group.length; i++) {
        if (grouped.get(i).type() == ColumnType.TEXT) {
          ids.add((int) group[i]);
        }
      }
    }
    for (Row row : rows) {
      for (int i = 0; i < positions.length; i++) {
        if (schema.columns().get(i).type() == ColumnType.TEXT
            && row.columns[i] instanceof Long id) {
          ids.add(id.intValue());
        }
      }
      addTexts(row, ids);
    }
    Texts texts = new Texts();
    table.texts(connection, ids).forEach((id, string) -> numbers.put(id, texts.idOf(string)));
    return texts;
  }

  private void addTexts(Row row, Set<Integer> ids) {
    Shape itsShape = shapes.get(row.shape);
    if (itsShape == null) {
      return;
    }
    byte[] kinds = itsShape.form.kinds();
    for (int i = 0; i < kinds.length; i++) {
      switch (kinds[i]) {
        case AttributeLists.TEXT, AttributeLists.JSON -> ids.add((int) itsShape.value(row, i));
        case AttributeLists.NUMBERED ->
            ids.add((int) (itsShape.value(row, i) >>> AttributeLists.NUMBER_BITS));
        default -> {
          // The value is in the row.
        }
      }
    }
  }

  private void add(Row row, ColumnBatch.Builder batch, Texts texts) {
    long @Nullable [] group = groups.get(row.kind);
    int nextOfGroup = 0;
    for (int i = 0; i < positions.length; i++) {
      StreamSchema.Column column = schema.columns().get(i);
      if (column.type() == ColumnType.ATTRIBUTES) {
        addAttributes(row, batch, texts);
        continue;
      }
      if (column.grouped()) {
        long value = group == null ? -1 : group[nextOfGroup++];
        add(column, group == null ? null : value, batch, texts);
      } else {
        add(column, row.columns[i], batch, texts);
      }
    }
  }

  private void add(
      StreamSchema.Column column, @Nullable Object value, ColumnBatch.Builder batch, Texts texts) {
    switch (column.type()) {
      case LONG -> batch.add(value instanceof Long number ? number : 0);
      case DOUBLE -> batch.add(value instanceof Double number ? number : 0);
      case TEXT -> batch.addText(value instanceof Long id ? number(id, texts) : texts.idOf(""));
      case PLAIN -> batch.add(value instanceof String text ? text : "");
      case COUNTS -> batch.add(value instanceof int[] counts ? counts : new int[0]);
      case UUID -> {
        UUID uuid = value instanceof UUID id ? id : new UUID(0, 0);
        batch.add(uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
      }
      case ATTRIBUTES -> throw new IllegalArgumentException(column.name());
    }
  }

  /// A string that is not there, because its part of the file is damaged, is empty.
  private int number(long id, Texts texts) {
    Integer number = numbers.get((int) id);
    return number == null ? texts.idOf("") : number;
  }

  private void addAttributes(Row row, ColumnBatch.Builder batch, Texts texts) {
    Shape itsShape = shapes.get(row.shape);
    if (itsShape != null) {
      AttributeShapes.Form form = itsShape.form;
      for (int i = 0; i < form.kinds().length; i++) {
        int key = texts.idOf(form.keys().get(i));
        byte itsKind = form.kinds()[i];
        switch (itsKind) {
          case AttributeLists.LONG, AttributeLists.HEX ->
              batch.attribute(key, itsKind, itsShape.value(row, i));
          case AttributeLists.PLAIN -> {
            String plain = row.plain[form.slots()[i]];
            batch.plainAttribute(
                key, (plain == null ? "" : plain).getBytes(StandardCharsets.UTF_8));
          }
          case AttributeLists.NUMBERED -> {
            long value = itsShape.value(row, i);
            long before = number(value >>> AttributeLists.NUMBER_BITS, texts);
            long end = value & ((1L << AttributeLists.NUMBER_BITS) - 1);
            batch.attribute(key, itsKind, before << AttributeLists.NUMBER_BITS | end);
          }
          default -> batch.attribute(key, itsKind, number(itsShape.value(row, i), texts));
        }
      }
    }
    batch.endAttributes();
  }

  /// SQL to stand in the brackets behind `IN`. Many numbers are one string: parsing literals takes
  /// longer.
  static String list(Collection<? extends Number> ids) {
    String joined = ids.stream().map(Number::toString).collect(Collectors.joining(","));
    return ids.size() <= MAX_LITERALS
        ? joined
        : "SELECT unnest(string_split('" + joined + "', ','))::INTEGER";
  }
}
