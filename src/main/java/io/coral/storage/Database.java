package io.coral.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.duckdb.DuckDBConnection;

/// One DuckDB instance with Coral's settings: one thread, little memory, nothing fetched from
/// elsewhere.
///
/// [#writer()] is for the store's writer thread; [#reader()] opens a further connection for one
/// use.
final class Database implements AutoCloseable {
  private final DuckDBConnection root;

  private Database(DuckDBConnection root) {
    this.root = root;
  }

  /// Opens a file, or a database in memory when `file` is empty.
  ///
  /// @param memoryMegabytes limit of the instance's buffers
  static Database open(String file, int memoryMegabytes) throws SQLException {
    Properties settings = new Properties();
    settings.setProperty("threads", "1");
    settings.setProperty("async_threads", "1");
    settings.setProperty("memory_limit", memoryMegabytes + "MB");
    settings.setProperty("autoinstall_known_extensions", "false");
    settings.setProperty("autoload_known_extensions", "false");
    settings.setProperty("preserve_insertion_order", "true");
    // A column of 122,880 rows takes whole blocks: of 256 KB, as they are unless said, 2 bytes a
    // row at least, which is more than most columns here need.
    settings.setProperty("default_block_size", "65536");
    // A checkpoint writes the last row group anew, so that one every 16 MB costs as much as
    // storing.
    settings.setProperty("wal_autocheckpoint", "32MB");
    Connection connection = DriverManager.getConnection("jdbc:duckdb:" + file, settings);
    return new Database(connection.unwrap(DuckDBConnection.class));
  }

  DuckDBConnection writer() {
    return root;
  }

  /// A connection for reading on the calling thread; the caller closes it.
  DuckDBConnection reader() throws SQLException {
    return root.duplicate().unwrap(DuckDBConnection.class);
  }

  /// Attaches a file under a name, and makes it unless it is there.
  static void attach(Connection connection, Path file, String catalog) throws SQLException {
    execute(connection, "ATTACH " + literal(file.toString()) + " AS " + catalog);
  }

  /// Detaches what has a name, if anything has.
  static void detach(Connection connection, String catalog) throws SQLException {
    execute(connection, "DETACH DATABASE IF EXISTS " + catalog);
  }

  static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  /// What runs in a transaction.
  @FunctionalInterface
  interface Work {
    void run() throws SQLException;
  }

  /// Runs statements that take effect together or, when one fails, not at all.
  static void inTransaction(Connection connection, Work work) throws SQLException {
    execute(connection, "BEGIN");
    try {
      work.run();
      execute(connection, "COMMIT");
    } catch (SQLException e) {
      rollBack(connection);
      throw e;
    }
  }

  /// Ends a transaction that failed; the failure may have ended it already.
  static void rollBack(Connection connection) {
    try {
      execute(connection, "ROLLBACK");
    } catch (SQLException e) {
      return;
    }
  }

  /// Runs a statement that gives one number, 0 when it gives none.
  static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      return result.next() ? result.getLong(1) : 0;
    }
  }

  /// Runs a statement that gives numbers, in its order.
  static List<Long> numbers(Connection connection, String sql) throws SQLException {
    List<Long> numbers = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        numbers.add(result.getLong(1));
      }
    }
    return numbers;
  }

  /// Runs a statement that gives pairs of numbers, in its order.
  static Map<Long, Long> pairs(Connection connection, String sql) throws SQLException {
    Map<Long, Long> pairs = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        pairs.put(result.getLong(1), result.getLong(2));
      }
    }
    return pairs;
  }

  /// The names of a relation's columns, in their order.
  static List<String> columns(Connection connection, String relation) throws SQLException {
    List<String> columns = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("FROM " + relation + " LIMIT 0")) {
      for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
        columns.add(result.getMetaData().getColumnName(i));
      }
    }
    return columns;
  }

  /// Runs a statement that gives strings.
  static Set<String> texts(Connection connection, String sql) throws SQLException {
    Set<String> texts = new HashSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        texts.add(result.getString(1));
      }
    }
    return texts;
  }

  /// A string literal; for file names and names that a statement cannot bind.
  static String literal(String value) {
    return "'" + value.replace("'", "''") + "'";
  }

  /// A resource below `schema/`.
  static String script(String name) {
    try (var in = Database.class.getResourceAsStream("/schema/" + name)) {
      if (in == null) {
        throw new IllegalStateException("schema/" + name + " is not in the jar");
      }
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("schema/" + name, e);
    }
  }

  @Override
  public void close() throws SQLException {
    root.close();
  }
}
