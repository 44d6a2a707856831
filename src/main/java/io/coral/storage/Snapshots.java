package io.coral.storage;

import io.coral.model.StreamSchema;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.duckdb.DuckDBConnection;

/// Copies of a store that anybody can open with DuckDB: the rows with their strings, and the views.
final class Snapshots {
  private static final int MEMORY_MEGABYTES = 64;

  /// A row group is in memory until it is full: of spans with their attributes, one of DuckDB's
  /// usual size (122,880 rows) takes all the memory that an agent's store has.
  private static final int ROWS_OF_GROUP = 16_384;

  /// Attributes of so many spans take some 30 MB while they are put together; rows that came since
  /// the last checkpoint may have another 20.
  private static final int ROWS_AT_ONCE = 8_192;

  private Snapshots() {}

  /// Writes one; all streams are read in one transaction. Blocks the calling thread.
  ///
  /// @param file must not exist
  static void write(RowSource source, Path file) {
    String name = "snapshot_" + Integer.toHexString(file.hashCode());
    try {
      try (Connection connection = source.reader()) {
        Database.execute(
            connection,
            "ATTACH %s AS %s (ROW_GROUP_SIZE %d)"
                .formatted(Database.literal(file.toString()), name, ROWS_OF_GROUP));
        try {
          copy(source, connection, name);
        } finally {
          Database.execute(connection, "DETACH " + name);
        }
      }
      // A view keeps the catalog it was made in, so the views are made with the copy opened on its
      // own.
      try (Database copy = Database.open(file.toString(), MEMORY_MEGABYTES)) {
        Database.execute(copy.writer(), Views.ofCopy(source.withAgents()));
      }
    } catch (SQLException e) {
      throw new StorageException("cannot write a snapshot", e);
    }
  }

  private static void copy(RowSource source, Connection connection, String name)
      throws SQLException {
    // Written before the transaction begins: it sees no table or column that is made later. Of some
    // rows each, since the lists that attributes are made of are too much at once.
    List<String> statements = new ArrayList<>();
    for (StreamSchema stream : StreamSchema.ALL) {
      String rows = name + "." + stream.name() + "_rows";
      statements.add("CREATE TABLE " + rows + " AS " + source.relation(stream, List.of(), ""));
      for (StreamTable table : source.tables(stream)) {
        long last =
            Database.number(connection, "SELECT coalesce(max(rowid), 0) FROM " + table.rowsTable());
        for (long from = 0; from <= last; from += ROWS_AT_ONCE) {
          // The last rows are those that come until the transaction begins, too.
          String some =
              "r.rowid >= "
                  + from
                  + (from + ROWS_AT_ONCE > last ? "" : " AND r.rowid < " + (from + ROWS_AT_ONCE));
          statements.add(
              "INSERT INTO " + rows + " " + source.relation(stream, List.of(table), some));
        }
      }
    }
    Database.execute(connection, "BEGIN");
    try {
      for (String statement : statements) {
        Database.execute(connection, statement);
      }
      AgentStore.createBounds(connection.unwrap(DuckDBConnection.class), name + ".");
      Database.execute(connection, "COMMIT");
    } catch (SQLException e) {
      Database.rollBack(connection);
      throw e;
    }
  }
}
