package io.coral.storage;

import io.coral.model.AttributeLists;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// How the attributes of a partition's rows lie in columns.
///
/// Rows that have the same keys with values of the same kinds, in the same order, are of one
/// shape. A shape says which key is in which column: `v1`, `v2` … hold integers and numbers of
/// strings, `p1`, `p2` … strings as they are (kinds of [AttributeLists]). So a row needs as many
/// columns as it has attributes, not as many as there are keys. What does not fit goes as JSON into
/// `more`.
///
/// Of the store's writer thread, except where said otherwise.
final class AttributeShapes {
  static final int MOST_VALUES = 48;
  static final int MOST_PLAIN = 4;
  private static final int FIRST_VALUES = 8;
  private static final int FIRST_PLAIN = 0;
  private static final int FULL = -1;

  private final String catalog;
  private final String name;
  private final String rowsTable;
  private final List<Shape> shapes = new ArrayList<>();
  private final Map<List<String>, Integer> byKeys = new HashMap<>();

  // The columns as they lie in the table: n for vn, -n for pn.
  private volatile int[] layout = new int[0];

  /// @param slots of each attribute, from 1; negative when it has none
  record Shape(int id, List<String> keys, byte[] kinds, int[] slots) {}

  /// @param rowsTable qualified
  AttributeShapes(String catalog, String name, String rowsTable) {
    this.catalog = catalog;
    this.name = name;
    this.rowsTable = rowsTable;
  }

  /// The table `(id, keys, kinds, slots)`, qualified. On any thread.
  String table() {
    return catalog + "." + name;
  }

  /// SQL of the columns that a new table of rows has.
  String definitions() {
    StringBuilder sql = new StringBuilder();
    IntStream.rangeClosed(1, FIRST_PLAIN).forEach(i -> sql.append(", ").append(definition(-i)));
    IntStream.rangeClosed(1, FIRST_VALUES).forEach(i -> sql.append(", ").append(definition(i)));
    return sql.toString();
  }

  private static String definition(int column) {
    return column < 0 ? "p" + -column + " VARCHAR" : "v" + column + " BIGINT";
  }

  void create(Connection connection) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + table()
            + " (id INTEGER NOT NULL, keys VARCHAR[] NOT NULL, kinds INTEGER[] NOT NULL,"
            + " slots INTEGER[] NOT NULL)");
    loadLayout(connection);
  }

  void load(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT id, keys, kinds, slots FROM " + table() + " ORDER BY id")) {
      while (result.next()) {
        List<String> keys = new ArrayList<>();
        for (Object key : (Object[]) result.getArray(2).getArray()) {
          keys.add(String.valueOf(key));
        }
        int[] kinds = numbers(result.getArray(3));
        byte[] bytes = new byte[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
          bytes[i] = (byte) kinds[i];
        }
        add(new Shape(result.getInt(1), keys, bytes, numbers(result.getArray(4))));
      }
    }
    loadLayout(connection);
  }

  private static int[] numbers(Array array) throws SQLException {
    return StoredRows.counts(array);
  }

  private void loadLayout(Connection connection) throws SQLException {
    List<Integer> columns = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT column_name FROM duckdb_columns() WHERE database_name = "
                    + Database.literal(catalog)
                    + " AND table_name = "
                    + Database.literal(rowsTable.substring(rowsTable.indexOf('.') + 1))
                    + " AND regexp_matches(column_name, '^[vp][0-9]+$') ORDER BY column_index")) {
      while (result.next()) {
        String column = result.getString(1);
        int number = Integer.parseInt(column.substring(1));
        columns.add(column.startsWith("p") ? -number : number);
      }
    }
    layout = columns.stream().mapToInt(Integer::intValue).toArray();
  }

  private void add(Shape shape) {
    shapes.add(shape);
    byKeys.put(described(shape.keys, shape.kinds), shape.id);
  }

  private static List<String> described(List<String> keys, byte[] kinds) {
    List<String> described = new ArrayList<>(keys.size());
    for (int i = 0; i < kinds.length; i++) {
      described.add(kinds[i] + keys.get(i));
    }
    return described;
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + table());
  }

  int size() {
    return shapes.size();
  }

  /// The columns as they lie in the table: `n` stands for `vn`, `-n` for `pn`.
  int[] layout() {
    return layout;
  }

  /// The shape of some attributes; a new one is written, and columns are added, outside of a
  /// transaction.
  Shape of(Connection connection, List<String> keys, byte[] kinds) throws SQLException {
    Integer known = byKeys.get(described(keys, kinds));
    if (known != null) {
      return shapes.get(known);
    }
    int[] slots = new int[kinds.length];
    int v = 0;
    int p = 0;
    for (int i = 0; i < kinds.length; i++) {
      if (kinds[i] == AttributeLists.PLAIN) {
        slots[i] = p < MOST_PLAIN ? ++p : FULL;
      } else {
        slots[i] = v < MOST_VALUES ? ++v : FULL;
      }
    }
    for (int column = (int) numbers(true).count() + 1; column <= v; column++) {
      addColumn(connection, column);
    }
    for (int column = (int) numbers(false).count() + 1; column <= p; column++) {
      addColumn(connection, -column);
    }
    Shape shape = new Shape(shapes.size(), List.copyOf(keys), kinds, slots);
    Database.execute(
        connection,
        "INSERT INTO "
            + table()
            + " VALUES ("
            + shape.id
            + ", ["
            + keys.stream().map(Database::literal).collect(Collectors.joining(", "))
            + "]::VARCHAR[], "
            + list(IntStream.range(0, kinds.length).map(i -> kinds[i]))
            + ", "
            + list(IntStream.of(slots))
            + ")");
    add(shape);
    return shape;
  }

  private static String list(IntStream values) {
    return values
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "[", "]::INTEGER[]"));
  }

  private void addColumn(Connection connection, int column) throws SQLException {
    Database.execute(connection, "ALTER TABLE " + rowsTable + " ADD COLUMN " + definition(column));
    int[] wider = Arrays.copyOf(layout, layout.length + 1);
    wider[layout.length] = column;
    layout = wider;
  }

  private IntStream numbers(boolean ofValues) {
    return IntStream.of(layout).filter(column -> ofValues == column > 0).map(Math::abs).sorted();
  }

  /// SQL of a relation `(row, json)`: the JSON object of the attributes of each row that has some
  /// in columns. On any thread.
  ///
  /// Attributes are taken apart and joined with their strings. A list of all strings to look into
  /// would be shorter, but is copied for each row.
  ///
  /// @param dictionary the partition's strings, a table `(id, value)`
  /// @param condition on a row `r`, may be empty
  String json(String dictionary, String condition) {
    String numbered = numbers(true).mapToObj(i -> "r.v" + i).collect(list());
    String strings = numbers(false).mapToObj(i -> "r.p" + i).collect(list());
    return "SELECT e.row, json_group_object(e.key, CASE e.kind WHEN 1 THEN to_json(e.v)"
        + " WHEN 2 THEN to_json(e.p) WHEN 3 THEN d.value::JSON"
        + " WHEN 4 THEN to_json(lower(lpad(hex(e.v), 16, '0')))"
        + " WHEN 5 THEN to_json(d.value || (e.v & "
        + ((1L << AttributeLists.NUMBER_BITS) - 1)
        + ")::VARCHAR) ELSE to_json(d.value) END) AS json FROM (SELECT r.rowid AS row,"
        + " unnest(shape.keys) AS key, unnest(shape.kinds) AS kind, unnest(shape.slots) AS slot,"
        + " unnest(list_transform(shape.slots, lambda s: ("
        + numbered
        + "::BIGINT[])[s])) AS v, unnest(list_transform(shape.slots, lambda s: ("
        + strings
        + "::VARCHAR[])[s])) AS p FROM "
        + rowsTable
        + " AS r JOIN "
        + table()
        + " AS shape ON shape.id = r.shape"
        + (condition.isEmpty() ? "" : " WHERE " + condition)
        + ") AS e LEFT JOIN "
        + dictionary
        + " AS d ON d.id = CASE e.kind WHEN 0 THEN e.v WHEN 3 THEN e.v WHEN 5 THEN e.v >> "
        + AttributeLists.NUMBER_BITS
        + " END WHERE e.slot > 0 GROUP BY e.row";
  }

  private static Collector<CharSequence, ?, String> list() {
    return Collectors.joining(", ", "[", "]");
  }

  /// Nothing is written any more.
  void close() {
    byKeys.clear();
  }
}
