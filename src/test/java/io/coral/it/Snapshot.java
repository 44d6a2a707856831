package io.coral.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A copy of the database of an agent or a colony, as anybody can fetch and open it.
final class Snapshot implements AutoCloseable {
  private final Path file;
  private final Connection connection;

  private Snapshot(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  static Snapshot of(CoralProcess process, Path directory) throws IOException, SQLException {
    Path file = directory.resolve("snapshot-" + System.nanoTime() + ".duckdb");
    process.api().snapshot(file);
    return new Snapshot(file, DriverManager.getConnection("jdbc:duckdb:" + file));
  }

  /// Every row, its values in the order of the columns.
  List<List<@Nullable Object>> rows(String sql) throws SQLException {
    List<List<@Nullable Object>> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        List<@Nullable Object> row = new ArrayList<>();
        for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
          row.add(result.getObject(column));
        }
        rows.add(row);
      }
    }
    return rows;
  }

  /// The one number that a query gives; 0 for NULL.
  long number(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getLong(1);
    }
  }

  /// Names of the columns of a table or view, in their order.
  List<String> columns(String table) throws SQLException {
    List<String> names = new ArrayList<>();
    for (List<@Nullable Object> row : rows("DESCRIBE " + table)) {
      names.add(String.valueOf(row.getFirst()));
    }
    return names;
  }

  @Override
  public void close() throws SQLException, IOException {
    connection.close();
    Files.deleteIfExists(file);
  }
}
