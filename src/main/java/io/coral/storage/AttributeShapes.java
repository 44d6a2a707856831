package io.coral.storage;

import io.coral.model.AttributeLists;
import io.coral.model.StreamSchema;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/// How the attributes of a partition's rows are stored.
///
/// A *form* is a sequence of keys with the kinds of their values ([AttributeLists]). It says for
/// each key whether its value has a column in the row, `v1`, `v2` … for numbers and numbers of
/// strings, `p1`, `p2` … for strings as they are, or is the same for many rows. A *shape* is a form
/// with those values that are the same, and each row has the number of its shape. So a row needs
/// as many columns as it has attributes that vary.
///
/// At first every value that may repeat is taken to be the same for many rows. One that takes too
/// many values gets a column: from then on another form stands for the same keys.
///
/// Of the store's writer thread, except where said otherwise.
final class AttributeShapes {
  static final int MOST_VALUES = 48;
  static final int MOST_PLAIN = 4;

  /// Added to the position of a column in a [#layout()].
  static final int LATER = 1 << 20;

  private static final int FIRST_VALUES = 4;
  private static final int FIRST_PLAIN = 0;
  private static final int WIDE_VALUES = 3;
  private static final int MOST_ALIKE = 64;
  private static final int TRIAL_SHAPES = 512;
  private static final int ROWS_A_SHAPE = 4;
  private static final int MOST_FORMS = 2000;
  private static final int MOST_SHAPES = 30_000;

  private final String catalog;
  private final StreamSchema schema;
  private final String formsName;
  private final String shapesName;
  private final String rowsTable;
  private final List<Form> forms = new ArrayList<>();
  private final Combinations shapes = new Combinations();
  private final Map<List<String>, Kept> byKeys = new HashMap<>();
  private @Nullable Seen seen;
  private long[] tuple = new long[64];
  private int writtenForms;
  private int committedForms;
  private int wantedValues;
  private int wantedPlain;

  private volatile int[] layout = new int[0];

  /// @param kinds as they are stored
  /// @param slots of each attribute: its column, from 1, or, below 0, the place among the values
  ///     that all rows of a shape have in common, from -1
  record Form(int id, List<String> keys, byte[] kinds, int[] slots) {}

  /// What is known of a sequence of keys.
  private static final class Kept {
    final List<String> keys;
    final byte[] given;
    final boolean[] varies;
    final List<Set<Long>> values = new ArrayList<>();
    Form form;
    int rows;
    int shapes;

    Kept(List<String> keys, byte[] given, Form form) {
      this.keys = keys;
      this.given = given;
      this.varies = new boolean[given.length];
      this.form = form;
      keys.forEach(_ -> values.add(new HashSet<>()));
    }
  }

  /// The sequences of keys by the numbers that a batch's texts have for them.
  private static final class Seen {
    final TextNumbers numbers;
    int[] slots = new int[64];
    final List<int[]> codes = new ArrayList<>();
    final List<Kept> kept = new ArrayList<>();

    Seen(TextNumbers numbers) {
      this.numbers = numbers;
    }
  }

  /// @param rows name of the table of rows
  AttributeShapes(String catalog, String rows, StreamSchema schema) {
    this.catalog = catalog;
    this.schema = schema;
    this.formsName = "forms_" + rows;
    this.shapesName = "shapes_" + rows;
    this.rowsTable = catalog + "." + rows;
  }

  /// The table `(id, keys, kinds, slots)`, qualified. On any thread.
  String formsTable() {
    return catalog + "." + formsName;
  }

  /// The table `(id, form, fixed)`, qualified. On any thread.
  String shapesTable() {
    return catalog + "." + shapesName;
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
            + formsTable()
            + " (id INTEGER NOT NULL, keys VARCHAR[] NOT NULL, kinds INTEGER[] NOT NULL,"
            + " slots INTEGER[] NOT NULL)");
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + shapesTable()
            + " (id INTEGER NOT NULL, form INTEGER NOT NULL, fixed BIGINT[] NOT NULL)");
    layout = layout(Database.columns(connection, rowsTable));
  }

  /// @param continued whether further rows are written
  /// @param columns of the table of rows
  void load(Connection connection, boolean continued, List<String> columns) throws SQLException {
    layout = layout(columns);
    if (!continued) {
      return;
    }
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("FROM " + formsTable() + " ORDER BY id")) {
      while (result.next()) {
        forms.add(form(result));
      }
    }
    writtenForms = forms.size();
    committedForms = forms.size();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("FROM " + shapesTable() + " ORDER BY id")) {
      while (result.next()) {
        Object[] fixed = (Object[]) result.getArray(3).getArray();
        long[] values = new long[1 + fixed.length];
        values[0] = result.getInt(2);
        for (int i = 0; i < fixed.length; i++) {
          values[i + 1] = ((Number) fixed[i]).longValue();
        }
        shapes.idOf(values, values.length);
      }
    }
    shapes.loaded();
  }

  /// A form from a row of [#formsTable()]. On any thread.
  static Form form(ResultSet result) throws SQLException {
    List<String> keys = new ArrayList<>();
    for (Object key : (Object[]) result.getArray(2).getArray()) {
      keys.add(String.valueOf(key));
    }
    int[] kinds = StoredRows.counts(result.getArray(3));
    byte[] bytes = new byte[kinds.length];
    for (int i = 0; i < kinds.length; i++) {
      bytes[i] = (byte) kinds[i];
    }
    return new Form(result.getInt(1), keys, bytes, StoredRows.counts(result.getArray(4)));
  }

  private int[] layout(List<String> columns) {
    List<Integer> layout = new ArrayList<>();
    for (String name : columns.subList(columns.indexOf("shape") + 1, columns.size())) {
      if (name.matches("[vp]\\d+")) {
        int number = Integer.parseInt(name.substring(1));
        layout.add(name.startsWith("p") ? -number : number);
      } else if (schema.columns().stream().anyMatch(column -> column.name().equals(name))) {
        layout.add(LATER + schema.position(name));
      }
    }
    return layout.stream().mapToInt(Integer::intValue).toArray();
  }

  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + formsTable());
    Database.execute(connection, "DROP TABLE IF EXISTS " + shapesTable());
  }

  /// Whether what is held in memory has become too much.
  boolean isFull() {
    return shapes.size() > MOST_SHAPES || forms.size() > MOST_FORMS;
  }

  /// The columns behind `shape` as they lie in the table: `n` stands for `vn`, `-n` for `pn`,
  /// [#LATER] and more for a column of the stream that was added later, by its position.
  int[] layout() {
    return layout;
  }

  /// The shapes of a batch's rows. New ones are written by [#flush].
  ///
  /// @return one number a row
  int[] of(AttributeLists lists, int rows, TextNumbers numbers) {
    Seen before = seen;
    if (before == null || before.numbers != numbers) {
      before = new Seen(numbers);
      seen = before;
    }
    int[] found = new int[rows];
    for (int row = 0; row < rows; row++) {
      found[row] = of(kept(before, lists, row), lists, row, numbers);
    }
    return found;
  }

  private int of(Kept kept, AttributeLists lists, int row, TextNumbers numbers) {
    kept.rows++;
    while (true) {
      int length = fill(kept.form, lists, row, numbers);
      int known = shapes.size();
      int shape = shapes.idOf(tuple, length);
      if (shape < known || !isVaried(kept)) {
        return shape;
      }
      kept.form = added(kept.keys, kept.given, kept.varies);
    }
  }

  /// Writes a row's form and fixed values into `tuple` and returns how many they are.
  private int fill(Form form, AttributeLists lists, int row, TextNumbers numbers) {
    int start = lists.start(row);
    if (form.slots.length >= tuple.length) {
      tuple = new long[2 * form.slots.length];
    }
    tuple[0] = form.id;
    int length = 1;
    for (int i = 0; i < form.slots.length; i++) {
      if (form.slots[i] < 0) {
        tuple[length++] = stored(lists, start + i, numbers);
      }
    }
    return length;
  }

  /// The value of an attribute in a column `v` or among the fixed ones.
  static long stored(AttributeLists lists, int index, TextNumbers numbers) {
    long value = lists.value(index);
    return switch (lists.kind(index)) {
      case AttributeLists.LONG, AttributeLists.HEX -> value;
      case AttributeLists.NUMBERED -> {
        long before = numbers.idOf((int) (value >>> AttributeLists.NUMBER_BITS));
        yield before << AttributeLists.NUMBER_BITS
            | (value & ((1L << AttributeLists.NUMBER_BITS) - 1));
      }
      case AttributeLists.PLAIN ->
          numbers.idOf(new String(lists.plain((int) value), StandardCharsets.UTF_8));
      default -> numbers.idOf((int) value);
    };
  }

  /// Takes note of a new shape, the one in `tuple`.
  ///
  /// @return whether another form is needed, since some attribute has too many values
  private boolean isVaried(Kept kept) {
    boolean varied = false;
    int at = 1;
    int most = -1;
    for (int i = 0; i < kept.form.slots.length; i++) {
      if (kept.form.slots[i] > 0) {
        continue;
      }
      Set<Long> values = kept.values.get(i);
      values.add(tuple[at++]);
      if (values.size() > MOST_ALIKE && hasRoom(kept, i)) {
        kept.varies[i] = true;
        varied = true;
      } else if (hasRoom(kept, i) && (most < 0 || values.size() > kept.values.get(most).size())) {
        most = i;
      }
    }
    kept.shapes++;
    if (kept.shapes > TRIAL_SHAPES && ROWS_A_SHAPE * kept.shapes > kept.rows && most >= 0) {
      kept.varies[most] = true;
      varied = true;
    }
    if (varied) {
      kept.shapes = 0;
      kept.rows = 0;
    }
    return varied;
  }

  private static boolean hasRoom(Kept kept, int attribute) {
    return kept.given[attribute] != AttributeLists.PLAIN
        && IntStream.of(kept.form.slots).filter(slot -> slot > 0).count()
            < MOST_VALUES - WIDE_VALUES;
  }

  private static Kept keptAt(Seen seen, int slot) {
    return seen.kept.get(seen.slots[slot] - 1);
  }

  private Kept kept(Seen seen, AttributeLists lists, int row) {
    int start = lists.start(row);
    int count = lists.end(row) - start;
    int mask = seen.slots.length - 1;
    for (int slot = hash(lists, start, count) & mask; ; slot = (slot + 1) & mask) {
      int number = seen.slots[slot] - 1;
      if (number < 0) {
        return added(seen, lists, start, count);
      }
      if (isSame(seen.codes.get(number), lists, start, count)) {
        return keptAt(seen, slot);
      }
    }
  }

  private static int code(AttributeLists lists, int index) {
    return lists.key(index) << 3 | lists.kind(index);
  }

  private static int hash(AttributeLists lists, int start, int count) {
    int hash = count;
    for (int i = start; i < start + count; i++) {
      hash = (hash ^ code(lists, i)) * 0x9e3779b1;
      hash ^= hash >>> 15;
    }
    return hash;
  }

  private static int hash(int[] codes) {
    int hash = codes.length;
    for (int code : codes) {
      hash = (hash ^ code) * 0x9e3779b1;
      hash ^= hash >>> 15;
    }
    return hash;
  }

  private static boolean isSame(int[] codes, AttributeLists lists, int start, int count) {
    if (codes.length != count) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      if (codes[i] != code(lists, start + i)) {
        return false;
      }
    }
    return true;
  }

  private Kept added(Seen seen, AttributeLists lists, int start, int count) {
    List<String> keys = new ArrayList<>();
    byte[] kinds = new byte[count];
    int[] codes = new int[count];
    for (int i = 0; i < count; i++) {
      keys.add(seen.numbers.texts().text(lists.key(start + i)));
      kinds[i] = lists.kind(start + i);
      codes[i] = code(lists, start + i);
    }
    List<String> described = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      described.add(kinds[i] + keys.get(i));
    }
    Kept kept =
        byKeys.computeIfAbsent(
            described, _ -> new Kept(keys, kinds, added(keys, kinds, new boolean[count])));
    seen.kept.add(kept);
    seen.codes.add(codes);
    if (2 * seen.kept.size() >= seen.slots.length) {
      seen.slots = new int[2 * seen.slots.length];
      for (int number = 0; number < seen.kept.size() - 1; number++) {
        place(seen, number);
      }
    }
    place(seen, seen.kept.size() - 1);
    return kept;
  }

  private static void place(Seen seen, int number) {
    int mask = seen.slots.length - 1;
    int slot = hash(seen.codes.get(number)) & mask;
    while (seen.slots[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    seen.slots[slot] = number + 1;
  }

  private Form added(List<String> keys, byte[] given, boolean[] varies) {
    byte[] kinds = given.clone();
    int[] slots = new int[given.length];
    int plain = 0;
    for (int i = 0; i < given.length; i++) {
      if (given[i] == AttributeLists.PLAIN && plain < MOST_PLAIN) {
        slots[i] = ++plain;
      }
    }
    // Values of a kind are in the same columns whatever the form: a column with narrow and wide
    // numbers takes as much room as one with wide ones.
    int values = place(given, varies, AttributeLists.HEX, slots, 0);
    values = place(given, varies, AttributeLists.NUMBERED, slots, values);
    values = Math.max(values, WIDE_VALUES);
    for (byte kind : new byte[] {AttributeLists.TEXT, AttributeLists.LONG, AttributeLists.JSON}) {
      values = place(given, varies, kind, slots, values);
    }
    int fixed = 0;
    for (int i = 0; i < given.length; i++) {
      if (slots[i] == 0) {
        slots[i] = - ++fixed;
        kinds[i] = given[i] == AttributeLists.PLAIN ? AttributeLists.TEXT : given[i];
      }
    }
    values =
        IntStream.range(0, slots.length)
            .filter(i -> kinds[i] != AttributeLists.PLAIN)
            .map(i -> slots[i])
            .max()
            .orElse(0);
    wantedValues = Math.max(wantedValues, values);
    wantedPlain = Math.max(wantedPlain, plain);
    Form form = new Form(forms.size(), List.copyOf(keys), kinds, slots);
    forms.add(form);
    return form;
  }

  /// Gives columns to the values of a kind that vary.
  ///
  /// @param used columns that are given away
  /// @return the same with those given here
  private static int place(byte[] given, boolean[] varies, byte kind, int[] slots, int used) {
    boolean hardlyRepeats = kind == AttributeLists.HEX || kind == AttributeLists.NUMBERED;
    int last = used;
    for (int i = 0; i < given.length; i++) {
      if (given[i] == kind && (hardlyRepeats || varies[i]) && last < MOST_VALUES) {
        slots[i] = ++last;
      }
    }
    return last;
  }

  /// The form of a shape.
  Form form(int shape) {
    return forms.get((int) shapes.value(shapes.start(shape)));
  }

  /// Whether rows want columns that the table does not have: [#widen], outside of a transaction.
  boolean lacksColumns() {
    return wantedValues > numbers(true).count() || wantedPlain > numbers(false).count();
  }

  void widen(Connection connection) throws SQLException {
    for (int column = (int) numbers(true).count() + 1; column <= wantedValues; column++) {
      addColumn(connection, column);
    }
    for (int column = (int) numbers(false).count() + 1; column <= wantedPlain; column++) {
      addColumn(connection, -column);
    }
  }

  private void addColumn(Connection connection, int column) throws SQLException {
    Database.execute(connection, "ALTER TABLE " + rowsTable + " ADD COLUMN " + definition(column));
    int[] wider = Arrays.copyOf(layout, layout.length + 1);
    wider[layout.length] = column;
    layout = wider;
  }

  private IntStream numbers(boolean ofValues) {
    return IntStream.of(layout)
        .filter(column -> column < LATER && ofValues == column > 0)
        .map(Math::abs)
        .sorted();
  }

  /// Writes the new forms and shapes inside the caller's transaction.
  void flush(DuckDBConnection connection) throws SQLException {
    for (Form form : forms.subList(writtenForms, forms.size())) {
      Database.execute(
          connection,
          "INSERT INTO "
              + formsTable()
              + " VALUES ("
              + form.id
              + ", ["
              + form.keys.stream().map(Database::literal).collect(Collectors.joining(", "))
              + "]::VARCHAR[], "
              + list(IntStream.range(0, form.kinds.length).map(i -> form.kinds[i]))
              + ", "
              + list(IntStream.of(form.slots))
              + ")");
    }
    writtenForms = forms.size();
    if (shapes.firstUnwritten() == shapes.size()) {
      return;
    }
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", shapesName)) {
      for (int id = shapes.firstUnwritten(); id < shapes.size(); id++) {
        int start = shapes.start(id);
        long[] fixed = new long[shapes.end(id) - start - 1];
        for (int i = 0; i < fixed.length; i++) {
          fixed[i] = shapes.value(start + 1 + i);
        }
        appender.beginRow();
        appender.append(id).append((int) shapes.value(start)).append(fixed);
        appender.endRow();
      }
      appender.flush();
    }
    shapes.written();
  }

  private static String list(IntStream values) {
    return values
        .mapToObj(Integer::toString)
        .collect(Collectors.joining(", ", "[", "]::INTEGER[]"));
  }

  /// The transaction was committed.
  void committed() {
    shapes.committed();
    committedForms = writtenForms;
  }

  /// The transaction was rolled back.
  void forgetUncommitted() {
    shapes.forgetUncommitted();
    forms.subList(committedForms, forms.size()).clear();
    writtenForms = committedForms;
    byKeys.clear();
    seen = null;
  }

  /// How the attributes of the rows there are become JSON. On any thread.
  ///
  /// @param dictionary the partition's strings, a table `(id, value)`
  AttributeJson json(String dictionary) {
    return new AttributeJson(
        rowsTable,
        shapesTable(),
        formsTable(),
        dictionary,
        numbers(true).mapToObj(i -> "r.v" + i).toList(),
        numbers(false).mapToObj(i -> "r.p" + i).toList());
  }

  /// Nothing is written any more.
  void close() {
    byKeys.clear();
    shapes.clear();
    forms.clear();
    seen = null;
  }
}
