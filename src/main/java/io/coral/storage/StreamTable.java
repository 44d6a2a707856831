package io.coral.storage;

import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import io.coral.model.Texts;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/// One partition of a stream: a table of rows whose strings are numbers, the [Dictionary] of
/// those numbers, and for some streams [Groups] and [AttributeShapes]. A partition is some
/// tables of the agent's file, or one file of the colony.
///
/// [#prepare] and [#append] belong to the store's writer thread. A rolled back transaction must
/// be followed by [#forgetUncommitted()].
final class StreamTable {
  private static final int MAX_WORDS = 100_000;
  private static final long MAX_CHARACTERS = 8 << 20;
  private static final int MAX_GROUPS = 30_000;
  private static final int HELD_PARTS = 32 << 10;
  private static final int HELD_NUMBERS = 200_000;
  private static final int HELD_CHARACTERS = 2 << 20;

  private final String catalog;
  private final String rows;
  private final Dictionary dictionary;
  private final StreamSchema schema;
  private final boolean withAgent;
  private final Map<Long, Long> firstSeqs = new HashMap<>();
  private final List<StreamSchema.Column> grouped;
  private final @Nullable Groups groups;
  private final @Nullable AttributeShapes shapes;
  private final @Nullable TracePlaces traces;
  private final @Nullable MinuteSums sums;
  private final @Nullable Rollup rollup;
  private final @Nullable SlowSpans slow;
  private final List<RowMemory> memories;
  private final HeldParts<long[]> heldGroups =
      new HeldParts<>(HELD_PARTS, HELD_NUMBERS, group -> group.length);
  private final HeldParts<StoredRows.Shape> heldShapes =
      new HeldParts<>(HELD_PARTS, HELD_NUMBERS, shape -> shape.fixed().length);
  private final HeldParts<String> heldTexts =
      new HeldParts<>(HELD_PARTS, HELD_CHARACTERS, String::length);
  private @Nullable TextNumbers numbers;

  // Times of the rows, rather too wide than too narrow: a row's counts before it is committed, so
  // that nobody who can see it leaves it out.
  private volatile long firstNanos = Long.MAX_VALUE;
  private volatile long lastNanos = Long.MIN_VALUE;

  // The columns that every row has.
  private final List<StreamSchema.Column> ofRows;

  // Their positions as they lie in the table, those behind the attributes left out.
  private int[] order;

  // The shapes of the rows of batches that are prepared and not stored yet.
  private final IdentityHashMap<ColumnBatch, int[]> prepared = new IdentityHashMap<>();

  /// @param catalog database the tables are in
  /// @param suffix behind the stream's name in the tables' names
  /// @param withAgent whether each row names the agent it came from
  StreamTable(String catalog, String suffix, StreamSchema schema, boolean withAgent) {
    this.catalog = catalog;
    this.rows = schema.name() + suffix;
    this.dictionary = new Dictionary(catalog, "dictionary_" + rows);
    this.schema = schema;
    this.withAgent = withAgent;
    this.grouped = schema.columns().stream().filter(StreamSchema.Column::grouped).toList();
    this.ofRows =
        schema.columns().stream()
            .filter(column -> !column.grouped() && column.type() != ColumnType.ATTRIBUTES)
            .toList();
    this.order = order(ofRows.stream().map(StreamSchema.Column::name).toList());
    this.groups = grouped.isEmpty() ? null : new Groups(catalog, "groups_" + rows, grouped);
    this.shapes = schema.hasAttributes() ? new AttributeShapes(catalog, rows, schema) : null;
    this.traces =
        schema.columns().stream().anyMatch(column -> column.name().equals("trace_id"))
            ? new TracePlaces(rowsTable(), schema.position("trace_id"))
            : null;
    this.slow = schema.equals(StreamSchema.SPANS) ? new SlowSpans(rowsTable()) : null;
    boolean isSummed = !schema.summedBy().isEmpty();
    this.sums = isSummed && !withAgent ? new MinuteSums(this) : null;
    // A colony's partition is a day of many hosts.
    this.rollup = isSummed && withAgent ? new Rollup(catalog, this) : null;
    this.memories =
        Stream.<@Nullable RowMemory>of(traces, sums, rollup, slow)
            .filter(Objects::nonNull)
            .map(Objects::requireNonNull)
            .toList();
  }

  /// The table of rows, qualified.
  String rowsTable() {
    return catalog + "." + rows;
  }

  StreamSchema schema() {
    return schema;
  }

  /// The table `(id, …)` of the grouped columns, whose strings are numbers; qualified.
  String groupsTable() {
    return Objects.requireNonNull(groups, "groups").table();
  }

  /// The numbers of the groups that fit a condition on the grouped columns.
  List<Long> groupsWhere(Connection connection, String condition) throws SQLException {
    return Objects.requireNonNull(groups, "groups").fitting(connection, condition);
  }

  /// The values of the grouped columns by the number of their combination.
  HeldParts<long[]> heldGroups() {
    return heldGroups;
  }

  /// Shapes of attributes.
  HeldParts<StoredRows.Shape> heldShapes() {
    return heldShapes;
  }

  /// Strings of the dictionary by their numbers. What the dictionary lacks, because it is damaged,
  /// is left out.
  Map<Integer, String> texts(Connection connection, Collection<Integer> ids) throws SQLException {
    Map<Integer, String> found = new HashMap<>();
    heldTexts.find(
        ids,
        (condition, into) -> {
          try (Statement statement = connection.createStatement();
              ResultSet result = statement.executeQuery(textsWhere(condition))) {
            while (result.next()) {
              into.accept(result.getInt(1), result.getString(2));
            }
          }
        },
        found);
    return found;
  }

  /// How attributes are stored, of a stream that has some.
  AttributeShapes shapes() {
    return Objects.requireNonNull(shapes, "shapes");
  }

  /// Makes the tables that are not there yet, inside the caller's transaction: a partition has
  /// all of its tables or none.
  void create(Connection connection) throws SQLException {
    String columns =
        schema.columns().stream()
            .filter(column -> !column.grouped())
            .map(this::definition)
            .collect(Collectors.joining());
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + rowsTable()
            + " ("
            + (withAgent ? "agent INTEGER NOT NULL, " : "")
            + "epoch BIGINT NOT NULL, seq BIGINT NOT NULL"
            + (groups == null ? "" : ", kind INTEGER NOT NULL")
            + columns
            + ")");
    dictionary.create(connection);
    if (groups != null) {
      groups.create(connection);
    }
    if (shapes != null) {
      shapes.create(connection);
    }
    if (rollup != null) {
      rollup.create(connection);
    }
  }

  private String definition(StreamSchema.Column column) {
    return switch (column.type()) {
      case ATTRIBUTES -> ", shape INTEGER NOT NULL" + (shapes == null ? "" : shapes.definitions());
      case PLAIN -> ", " + column.name() + " VARCHAR";
      default -> ", " + column.name() + " " + sqlType(column.type()) + " NOT NULL";
    };
  }

  /// Reads what is known of a partition that existed before.
  ///
  /// @param continued whether it is written on
  void load(Connection connection, boolean continued) throws SQLException {
    List<String> columns = upgrade(connection);
    order = order(columns);
    firstSeqs.putAll(
        Database.pairs(
            connection, "SELECT epoch, min(seq) FROM " + rowsTable() + " GROUP BY epoch"));
    if (shapes != null) {
      shapes.load(connection, continued, columns);
    }
    long rowsBefore = Database.number(connection, "SELECT count(*) FROM " + rowsTable());
    loadTimes(connection);
    memories.forEach(memory -> memory.load(rowsBefore));
    if (rollup != null) {
      // Files of earlier versions have none.
      rollup.create(connection);
      rollup.open(connection);
    }
    if (continued) {
      dictionary.load(connection);
      if (groups != null) {
        groups.load(connection);
      }
    }
  }

  private void loadTimes(Connection connection) {
    try (Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "SELECT min(%1$s), max(%1$s) FROM %2$s"
                    .formatted(schema.timeColumn(), rowsTable()))) {
      result.next();
      long first = result.getLong(1);
      if (!result.wasNull()) {
        widen(first, result.getLong(2));
      }
    } catch (SQLException e) {
      // Whoever reads the rows finds out what is damaged.
      widen(Long.MIN_VALUE, Long.MAX_VALUE);
    }
  }

  private void widen(long first, long last) {
    firstNanos = Math.min(firstNanos, first);
    lastNanos = Math.max(lastNanos, last);
  }

  /// Whether there may be rows of a range of times. On any thread.
  ///
  /// @param sinceNanos Unix time, inclusive; 0 = from the first
  /// @param untilNanos exclusive; `Long.MAX_VALUE` = to the last
  boolean mayHave(long sinceNanos, long untilNanos) {
    return (untilNanos == Long.MAX_VALUE || firstNanos < untilNanos)
        && (sinceNanos <= 0 || lastNanos >= sinceNanos);
  }

  /// The positions of columns that every row has, of the names of all columns of a table.
  private int[] order(List<String> columns) {
    int attributes = columns.indexOf("shape");
    Set<String> names = ofRows.stream().map(StreamSchema.Column::name).collect(Collectors.toSet());
    return columns.subList(0, attributes < 0 ? columns.size() : attributes).stream()
        .filter(names::contains)
        .mapToInt(schema::position)
        .toArray();
  }

  /// What rows of an earlier version lack of the columns of this one.
  ///
  /// @param relation with those rows
  /// @param there its columns
  LaterColumns laterColumns(String relation, List<String> there) {
    return LaterColumns.of(relation, ofRows, there, dictionary.table());
  }

  /// Gives the tables of an earlier version the columns that came later. Takes effect as a whole or
  /// not at all.
  ///
  /// @return the columns of the rows' table
  private List<String> upgrade(Connection connection) throws SQLException {
    List<String> there = Database.columns(connection, rowsTable());
    LaterColumns later = laterColumns(rowsTable(), there);
    LaterColumns ofGroups =
        groups == null
            ? LaterColumns.NONE
            : LaterColumns.of(
                groups.table(),
                grouped,
                Database.columns(connection, groups.table()),
                dictionary.table());
    if (later.isEmpty() && ofGroups.isEmpty()) {
      return there;
    }
    Database.inTransaction(
        connection,
        () -> {
          later.add(connection);
          ofGroups.add(connection);
        });
    return Database.columns(connection, rowsTable());
  }

  /// Whether everything can be read that is stored.
  boolean isWhole(Connection connection) throws SQLException {
    return hasWholeParts(connection) && Salvage.isReadable(connection, rowsTable(), "");
  }

  /// Whether all can be read that the rows refer to.
  private boolean hasWholeParts(Connection connection) throws SQLException {
    return Salvage.isReadable(connection, dictionary.table(), "")
        && (groups == null || Salvage.isReadable(connection, groups.table(), ""))
        && (shapes == null
            || (Salvage.isReadable(connection, shapes.shapesTable(), "")
                && Salvage.isReadable(connection, shapes.formsTable(), "")));
  }

  /// Leaves out the rows that are damaged: all, and the tables with them, if what they refer to
  /// is.
  Salvage.Outcome salvage(Connection connection) throws SQLException {
    long before = Database.number(connection, "SELECT count(*) FROM " + rowsTable());
    if (hasWholeParts(connection)) {
      return new Salvage.Outcome(
          before, Salvage.keepReadable(connection, catalog, rows, before), true);
    }
    Database.inTransaction(connection, () -> drop(connection));
    return new Salvage.Outcome(before, before, false);
  }

  /// Drops the tables, inside the caller's transaction.
  void drop(Connection connection) throws SQLException {
    Database.execute(connection, "DROP TABLE IF EXISTS " + rowsTable());
    dictionary.drop(connection);
    if (groups != null) {
      groups.drop(connection);
    }
    if (shapes != null) {
      shapes.drop(connection);
    }
  }

  /// Whether what is held in memory of this partition has become too much.
  boolean isFull() {
    return dictionary.size() > MAX_WORDS
        || dictionary.characters() > MAX_CHARACTERS
        || (groups != null && groups.size() > MAX_GROUPS)
        || (shapes != null && shapes.isFull());
  }

  /// Nothing is written any more: lets go of what only writing needs.
  void close() {
    dictionary.close();
    numbers = null;
    if (groups != null) {
      groups.close();
    }
    if (shapes != null) {
      shapes.close();
    }
  }

  /// Sees how the attributes of a batch are stored, and makes room for them in the table.
  /// Outside of a transaction.
  ///
  /// @return whether the table has more columns than before
  boolean prepare(Connection connection, ColumnBatch batch) throws SQLException {
    if (shapes == null) {
      return false;
    }
    prepared.put(
        batch,
        shapes.of(
            batch.attributes(schema.columns().size() - 1),
            batch.rows(),
            numbers(batch.dictionary())));
    boolean widens = shapes.lacksColumns();
    if (widens) {
      shapes.widen(connection);
    }
    return widens;
  }

  /// Batches mostly share one dictionary.
  private TextNumbers numbers(Texts texts) {
    TextNumbers known = numbers;
    if (known == null || known.texts() != texts) {
      known = new TextNumbers(texts, dictionary);
      numbers = known;
    }
    return known;
  }

  /// Appends rows inside the transaction that the caller has begun, after [#prepare]; all of
  /// them through one appender, since making one costs as much as some hundred rows.
  void append(DuckDBConnection connection, List<Delivery> deliveries) throws SQLException {
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", rows)) {
      for (Delivery delivery : deliveries) {
        append(appender, delivery);
      }
      appender.flush();
    }
    dictionary.flush(connection);
    if (groups != null) {
      groups.flush(connection);
    }
    if (shapes != null) {
      shapes.flush(connection);
    }
  }

  private void append(DuckDBAppender appender, Delivery delivery) throws SQLException {
    NumberedBatch numbered = delivery.rows();
    ColumnBatch batch = numbered.batch();
    int agentId = withAgent ? dictionary.idOf(delivery.agentId()) : 0;
    TextNumbers known = numbers(batch.dictionary());
    for (long time : batch.longs(schema.position(schema.timeColumn()))) {
      widen(time, time);
    }
    Columns columns = new Columns(batch);
    AttributeAppender attributes =
        shapes == null ? null : new AttributeAppender(appender, batch, known, shapes, columns);
    for (int row = 0; row < batch.rows(); row++) {
      if (!delivery.keep().test(row)) {
        continue;
      }
      appender.beginRow();
      if (withAgent) {
        appender.append(agentId);
      }
      appender.append(numbered.epoch()).append(numbered.seq(row));
      int group = 0;
      if (groups != null) {
        group = groups.idOf(columns.tuple(row, known));
        appender.append(group);
      }
      columns.append(appender, row, known);
      if (attributes != null) {
        attributes.append(row);
      }
      appender.endRow();
      for (RowMemory memory : memories) {
        memory.stored(group, batch, row);
      }
    }
  }

  /// The columns of a batch as the rows are written: by kind, without looking any of them up.
  private final class Columns {
    private final ColumnType[] types;
    private final Object[] arrays;
    private final boolean[] isGrouped;
    private final long[] tuple = new long[grouped.size()];

    Columns(ColumnBatch batch) {
      int count = schema.columns().size();
      types = new ColumnType[count];
      arrays = new Object[count];
      isGrouped = new boolean[count];
      for (int i = 0; i < count; i++) {
        types[i] = schema.columns().get(i).type();
        isGrouped[i] = schema.columns().get(i).grouped();
        arrays[i] =
            switch (types[i]) {
              case LONG -> batch.longs(i);
              case DOUBLE -> batch.doubles(i);
              case TEXT -> batch.textIds(i);
              case PLAIN -> batch.plains(i);
              case COUNTS -> batch.counts(i);
              case UUID -> batch.uuids(i);
              case ATTRIBUTES -> batch.attributes(i);
            };
      }
    }

    long[] tuple(int row, TextNumbers known) {
      int at = 0;
      for (int i = 0; i < types.length; i++) {
        if (isGrouped[i]) {
          tuple[at++] =
              types[i] == ColumnType.TEXT
                  ? known.idOf(((int[]) arrays[i])[row])
                  : ((long[]) arrays[i])[row];
        }
      }
      return tuple;
    }

    /// Those before the attributes.
    void append(DuckDBAppender appender, int row, TextNumbers known) throws SQLException {
      for (int column : order) {
        append(appender, column, row, known);
      }
    }

    void append(DuckDBAppender appender, int column, int row, TextNumbers known)
        throws SQLException {
      Object array = arrays[column];
      switch (types[column]) {
        case LONG -> appender.append(((long[]) array)[row]);
        case DOUBLE -> appender.append(((double[]) array)[row]);
        case TEXT -> appender.append(known.idOf(((int[]) array)[row]));
        case PLAIN -> appendPlain(appender, ((byte[][]) array)[row]);
        case COUNTS -> appender.append(((int[][]) array)[row]);
        case UUID -> {
          long[] halves = (long[]) array;
          appender.appendUUID(halves[2 * row], halves[2 * row + 1]);
        }
        case ATTRIBUTES -> throw new IllegalArgumentException("attributes are several columns");
      }
    }
  }

  private static void appendPlain(DuckDBAppender appender, byte[] utf8) throws SQLException {
    if (utf8.length == 0) {
      appender.appendNull();
    } else {
      appender.append(new String(utf8, StandardCharsets.UTF_8));
    }
  }

  /// Appends the attributes of rows.
  private final class AttributeAppender {
    private final DuckDBAppender appender;
    private final AttributeLists lists;
    private final TextNumbers known;
    private final AttributeShapes shapes;
    private final Columns columns;
    private final int[] shapeOfRow;
    private final int[] layout;
    private final long[] values = new long[AttributeShapes.MOST_VALUES];
    private final byte[][] plain = new byte[AttributeShapes.MOST_PLAIN][];

    AttributeAppender(
        DuckDBAppender appender,
        ColumnBatch batch,
        TextNumbers known,
        AttributeShapes shapes,
        Columns columns) {
      this.shapes = shapes;
      this.columns = columns;
      this.appender = appender;
      this.lists = batch.attributes(schema.columns().size() - 1);
      this.known = known;
      this.shapeOfRow = Objects.requireNonNull(prepared.remove(batch), "not prepared");
      this.layout = shapes.layout();
    }

    void append(int row) throws SQLException {
      int shape = shapeOfRow[row];
      AttributeShapes.Form form = shapes.form(shape);
      int start = lists.start(row);
      long hasValue = 0;
      long hasPlain = 0;
      for (int i = 0; i < form.slots().length; i++) {
        int slot = form.slots()[i];
        if (slot < 0) {
          continue;
        }
        if (form.kinds()[i] == AttributeLists.PLAIN) {
          plain[slot - 1] = lists.plain((int) lists.value(start + i));
          hasPlain |= 1L << slot;
        } else {
          values[slot - 1] = AttributeShapes.stored(lists, start + i, known);
          hasValue |= 1L << slot;
        }
      }
      appender.append(shape);
      for (int column : layout) {
        if (column >= AttributeShapes.LATER) {
          columns.append(appender, column - AttributeShapes.LATER, row, known);
        } else if (column > 0 && (hasValue >> column & 1) != 0) {
          appender.append(values[column - 1]);
        } else if (column < 0 && (hasPlain >> -column & 1) != 0) {
          appender.append(new String(plain[-column - 1], StandardCharsets.UTF_8));
        } else {
          appender.appendNull();
        }
      }
    }
  }

  /// Rows of an epoch begin at a number, unless they begin before it.
  void startsAt(long epoch, long firstSeq) {
    firstSeqs.putIfAbsent(epoch, firstSeq);
  }

  /// The epochs of which there are rows.
  Set<Long> epochs() {
    return Set.copyOf(firstSeqs.keySet());
  }

  /// The first number of an epoch, [Long#MAX_VALUE] when none of its rows is here.
  long firstSeq(long epoch) {
    return firstSeqs.getOrDefault(epoch, Long.MAX_VALUE);
  }

  /// The transaction was committed: what it added beside the rows stays.
  void committed() {
    dictionary.committed();
    if (groups != null) {
      groups.committed();
    }
    if (shapes != null) {
      shapes.committed();
    }
    memories.forEach(RowMemory::committed);
  }

  /// The transaction was rolled back: so is what it added beside the rows.
  void forgetUncommitted() {
    dictionary.forgetUncommitted();
    numbers = null;
    prepared.clear();
    if (groups != null) {
      groups.forgetUncommitted();
    }
    if (shapes != null) {
      shapes.forgetUncommitted();
    }
    memories.forEach(RowMemory::forgetUncommitted);
  }

  /// SQL of how many bytes the strings take that a row `r` has for itself; empty when it has
  /// none.
  String ownBytes() {
    List<String> strings = new ArrayList<>();
    for (StreamSchema.Column column : schema.columns()) {
      if (column.type() == ColumnType.PLAIN) {
        strings.add(column.name());
      }
    }
    if (shapes != null) {
      for (int column : shapes.layout()) {
        if (column < 0) {
          strings.add("p" + -column);
        }
      }
    }
    return strings.stream()
        .map(column -> "coalesce(strlen(r." + column + "), 0)")
        .collect(Collectors.joining(" + "));
  }

  /// A relation with every row of the partition that fits `condition` and its strings.
  ///
  /// @param condition few rows are expected to fit one if they have attributes; empty for all
  String select(String condition) {
    if (shapes == null) {
      return select("", "", condition);
    }
    return select(
        "coalesce(j.json, '{}')::VARCHAR AS attributes",
        " LEFT JOIN (" + json().joined(condition) + ") AS j ON j.row = r.rowid",
        condition);
  }

  /// A relation with every row, its strings and the parts that [AttributeJson#OF_PARTS] makes
  /// attributes of.
  String selectParts() {
    AttributeJson json = json();
    return select(json.parts(), " LEFT JOIN (" + json.lists() + ") AS l ON true", "");
  }

  private AttributeJson json() {
    return shapes().json(dictionary.table());
  }

  private String select(String attributes, String attributesJoin, String condition) {
    StringBuilder sql = new StringBuilder("SELECT ");
    StringBuilder joins = new StringBuilder();
    if (withAgent) {
      sql.append("a.value AS agent_id, ");
      joins.append(" JOIN ").append(dictionary.table()).append(" AS a ON a.id = r.agent");
    }
    sql.append("r.epoch, r.seq");
    if (groups != null) {
      // Strings of a thousand groups are joined once, and not those of a million rows.
      joins.append(" JOIN (").append(withTexts(groupedTexts(), "FROM " + groups.table()));
      joins.append(") AS g ON g.id = r.kind");
    }
    for (StreamSchema.Column column : schema.columns()) {
      String name = column.name();
      String row = column.grouped() ? "g." : "r.";
      sql.append(", ");
      switch (column.type()) {
        case TEXT -> {
          sql.append(column.grouped() ? "g.d_" + name : "d_" + name + ".value");
          sql.append(" AS ").append(name);
          if (!column.grouped()) {
            joins.append(joinText(name));
          }
        }
        case PLAIN -> sql.append("coalesce(r.").append(name).append(", '') AS ").append(name);
        case ATTRIBUTES -> sql.append(attributes);
        default -> sql.append(row).append(name);
      }
    }
    sql.append(" FROM ").append(rowsTable()).append(" AS r").append(joins).append(attributesJoin);
    if (!condition.isEmpty()) {
      sql.append(" WHERE ").append(condition);
    }
    return sql.toString();
  }

  private List<String> groupedTexts() {
    return grouped.stream()
        .filter(column -> column.type() == ColumnType.TEXT)
        .map(StreamSchema.Column::name)
        .toList();
  }

  /// Joins the strings of a text column of `r`.
  private String joinText(String column) {
    String alias = "d_" + column;
    return " JOIN " + dictionary.table() + " AS " + alias + " ON " + alias + ".id = r." + column;
  }

  /// A condition that all rows `r` of some traces fit, and few others; empty when there is
  /// none. Of streams whose rows have a trace id.
  String ofTraces(Connection connection, Collection<UUID> ids) throws SQLException {
    return Objects.requireNonNull(traces, "traces").condition(connection, ids);
  }

  /// Adds up the counts of some rows, of a stream that is [StreamSchema#summedBy()] something.
  ///
  /// @param wanted for which values of those columns, null when they do not tell
  /// @param where the same, and of which agents, as a condition on a row `r`; may be empty
  void sum(
      Connection connection,
      SumsQuestion question,
      @Nullable Predicate<List<String>> wanted,
      String where,
      MinuteSums.Reader reader)
      throws SQLException {
    long since = question.sinceNanos();
    long until = question.untilNanos();
    if (sums != null
        && wanted != null
        && question.by().equals(schema.summedBy())
        && question.stepNanos() % MinuteSums.MINUTE_NANOS == 0
        && since % MinuteSums.MINUTE_NANOS == 0
        && MinuteSums.end(until) == until
        && sums.read(connection, wanted, since, until, reader)) {
      return;
    }
    if (rollup != null && rollup.fits(question)) {
      rollup.read(connection, question, where, reader);
      return;
    }
    MinuteSums.read(
        connection,
        this,
        question.by(),
        MinuteSums.and(where, RowSource.condition(schema, since, until)),
        question.stepNanos(),
        question.durations(),
        reader);
  }

  /// Adds up what came since the last time, in a colony.
  ///
  /// @param isOver whether the day of the partition is over
  /// @param transaction makes the changes, or fails and makes none
  /// @return whether there was anything to do
  boolean roll(Connection connection, boolean isOver, Rollup.Transaction transaction)
      throws SQLException {
    return rollup != null && rollup.roll(connection, isOver, transaction);
  }

  /// Whether all counts are added up of a day that is over.
  boolean isRolled() {
    return rollup == null || rollup.isDone();
  }

  /// What is known of slow spans. Of spans that applications sent.
  SlowSpans slow() {
    return Objects.requireNonNull(slow, "slow");
  }

  /// The condition that a text column of a row `r` has one of some values.
  ///
  /// @param values SQL of the values, separated by commas
  String hasText(String column, String values) {
    String ids = idsOf(values);
    return groups != null && isGrouped(column)
        ? "r.kind IN (SELECT id FROM " + groups.table() + " WHERE " + column + " IN " + ids + ")"
        : "r." + column + " IN " + ids;
  }

  /// The condition that a row `r` came from one of some agents.
  String ofAgents(Collection<String> agents) {
    return "r.agent IN "
        + idsOf(agents.stream().map(Database::literal).collect(Collectors.joining(", ")));
  }

  /// The condition that a grouped number of a row `r`, or one of its own, has a value.
  ///
  /// @param comparison SQL behind the column, such as `= 1`
  String hasNumber(String column, String comparison) {
    return isGrouped(column)
        ? "r.kind IN (SELECT id FROM " + groupsTable() + " WHERE " + column + comparison + ")"
        : "r." + column + comparison;
  }

  private boolean isGrouped(String column) {
    return grouped.stream().anyMatch(each -> each.name().equals(column));
  }

  /// SQL of the numbers that the dictionary has for some strings.
  ///
  /// @param values SQL of the values, separated by commas
  String idsOf(String values) {
    return "(SELECT id FROM " + dictionary.table() + " WHERE value IN (" + values + "))";
  }

  /// A relation `(id, value)` of some strings.
  ///
  /// @param ids SQL of their numbers, separated by commas
  String texts(String ids) {
    return textsWhere("id IN (" + ids + ")");
  }

  /// A relation `(id, value)` of some strings.
  ///
  /// @param condition on their `id`
  String textsWhere(String condition) {
    return "SELECT id, value FROM " + dictionary.table() + " WHERE " + condition;
  }

  /// A relation with the columns of another one and, for each text column of it that is named,
  /// its string as `d_` and the name.
  ///
  /// @param columns of the inner relation, with the numbers of strings
  String withTexts(List<String> columns, String relation) {
    StringBuilder sql = new StringBuilder("SELECT r.*");
    StringBuilder joins = new StringBuilder();
    for (String column : columns) {
      sql.append(", d_").append(column).append(".value AS d_").append(column);
      joins.append(joinText(column));
    }
    return sql.append(" FROM (").append(relation).append(") AS r").append(joins).toString();
  }

  /// A relation without rows that has the columns of [#select] or [#selectParts].
  static String selectNothing(StreamSchema schema, boolean withAgent, boolean inParts) {
    String columns =
        schema.columns().stream()
            .map(
                column ->
                    inParts && column.type() == ColumnType.ATTRIBUTES
                        ? ", " + AttributeJson.NO_PARTS
                        : ", NULL::"
                            + (column.type() == ColumnType.TEXT
                                ? "VARCHAR"
                                : sqlType(column.type()))
                            + " AS "
                            + column.name())
            .collect(Collectors.joining());
    return "SELECT "
        + (withAgent ? "NULL::VARCHAR AS agent_id, " : "")
        + "NULL::BIGINT AS epoch, NULL::BIGINT AS seq"
        + columns
        + " WHERE false";
  }

  static String sqlType(ColumnType type) {
    return switch (type) {
      case LONG -> "BIGINT";
      case DOUBLE -> "DOUBLE";
      case TEXT -> "INTEGER";
      case PLAIN, ATTRIBUTES -> "VARCHAR";
      case COUNTS -> "UINTEGER[]";
      case UUID -> "UUID";
    };
  }
}
