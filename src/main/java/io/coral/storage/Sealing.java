package io.coral.storage;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.Set;

/// Makes of a day that is over a sealed one: its rows as Parquet, compressed with zstd, in the
/// order in which they came, and the other tables in a database where a view has the name of the
/// rows. So the same statements read it, and a row's place stays what it was.
///
/// The database says in `manifest` how many rows and bytes the file beside it has, and their
/// SHA-256. Its name is the last thing that it gets: a crash leaves the one or the other.
final class Sealing {
  /// A question for some rows decodes all of their groups.
  private static final int ROW_GROUP = 16_384;

  private Sealing() {}

  /// Writes the files of a sealed day but for the last name, without touching the one that it is
  /// made of. Blocks, some seconds for a million rows.
  ///
  /// @param connection of its own
  /// @param day nothing is stored in any more
  static void write(Connection connection, DayFile day, DayFile sealed)
      throws SQLException, IOException {
    sealed.deleteUnfinished();
    String rows = day.table().rowsTable();
    // In their order, as the instance is set to keep it: sorting a large day takes too much memory.
    Database.execute(
        connection,
        "COPY (SELECT * FROM %s) TO %s (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE %d)"
            .formatted(rows, Database.literal(sealed.rows().toString()), ROW_GROUP));
    force(sealed.rows());
    String into = sealed.catalog();
    Database.attach(connection, sealed.unfinished(), into);
    try {
      Set<String> tables =
          Database.texts(
              connection,
              "SELECT table_name FROM duckdb_tables() WHERE database_name = "
                  + Database.literal(day.catalog()));
      for (String table : tables) {
        if (!rows.equals(day.catalog() + "." + table)) {
          Database.execute(
              connection,
              "CREATE TABLE %s.%s AS FROM %s.%s".formatted(into, table, day.catalog(), table));
        }
      }
      Database.execute(
          connection,
          "CREATE TABLE %s.manifest AS SELECT (SELECT count(*) FROM %s) AS rows, %d AS bytes, '%s' AS sha256"
              .formatted(into, rows, Files.size(sealed.rows()), Backup.sha256(sealed.rows())));
      view(connection, sealed);
      Database.execute(connection, "CHECKPOINT " + into);
    } finally {
      Database.detach(connection, into);
    }
    force(sealed.unfinished());
  }

  /// Makes the files that were written those of the day.
  static void finish(DayFile sealed) throws IOException {
    Files.move(sealed.unfinished(), sealed.path(), StandardCopyOption.ATOMIC_MOVE);
    force(Objects.requireNonNull(sealed.path().toAbsolutePath().getParent(), "parent"));
  }

  private static void force(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void view(Connection connection, DayFile sealed) throws SQLException {
    String rows = "read_parquet(" + Database.literal(sealed.rows().toString()) + ")";
    Database.execute(
        connection,
        "CREATE OR REPLACE VIEW %s AS SELECT *%s, file_row_number AS rowid FROM %s"
            .formatted(
                sealed.table().rowsTable(),
                sealed
                    .table()
                    .laterColumns(rows, Database.columns(connection, rows))
                    .select(connection),
                rows));
  }

  /// Lets a sealed day that was attached read the rows where they are now.
  ///
  /// @throws SQLException when they are not those that were sealed, by their number of bytes
  static void lookAtRows(Connection connection, DayFile sealed) throws SQLException {
    long bytes;
    try {
      bytes = Files.size(sealed.rows());
    } catch (IOException e) {
      throw new SQLException(sealed.rows().getFileName() + " cannot be read", e);
    }
    try (Statement statement = connection.createStatement();
        ResultSet manifest =
            statement.executeQuery("SELECT bytes FROM " + sealed.catalog() + ".manifest")) {
      if (!manifest.next() || manifest.getLong(1) != bytes) {
        throw new SQLException(sealed.rows().getFileName() + " is not what was sealed");
      }
    }
    String view = sealed.table().rowsTable();
    String reads =
        Database.texts(
                connection,
                "SELECT sql FROM duckdb_views() WHERE NOT internal AND database_name = "
                    + Database.literal(sealed.catalog()))
            .toString();
    if (!reads.contains(Database.literal(sealed.rows().toString()))
        || !sealed.table().laterColumns(view, Database.columns(connection, view)).isEmpty()) {
      view(connection, sealed);
    }
  }
}
