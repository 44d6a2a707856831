package io.coral.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.duckdb.DuckDBConnection;

/// One DuckDB instance with Coral's settings: one thread, little memory, nothing fetched from
/// elsewhere.
///
/// [#writer()] is for the store's writer thread; [#reader()] opens a further connection for one
/// use.
final class Database implements AutoCloseable {
  // The first of three: magic bytes, version and the id that a write-ahead log refers to.
  private static final int HEAD_BYTES = 4096;

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
    // row
    // at least, which is more than most columns here need.
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

  /// Puts a file that cannot be opened aside, its write-ahead log with it, and returns its new
  /// name.
  static Path quarantine(Path file, long nowUnixNanos) throws IOException {
    Path aside = file.resolveSibling(file.getFileName() + ".damaged-" + nowUnixNanos / 1_000_000);
    Files.move(file, aside);
    Files.deleteIfExists(copyOfHead(file));
    Path wal = file.resolveSibling(file.getFileName() + ".wal");
    if (Files.exists(wal)) {
      Files.move(wal, aside.resolveSibling(aside.getFileName() + ".wal"));
    }
    return aside;
  }

  /// Remembers the head of a file that was opened: what it is, in which version.
  static void rememberHead(Path file) throws IOException {
    byte[] head = head(file);
    Path copy = copyOfHead(file);
    if (head.length == HEAD_BYTES
        && !(Files.exists(copy) && Arrays.equals(head, Files.readAllBytes(copy)))) {
      Path next = copy.resolveSibling(copy.getFileName() + ".new");
      Files.write(next, head);
      Files.move(next, copy, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /// Makes the head of a file what it was when the file was opened last. It never changes, and
  /// without it nothing behind it can be read.
  ///
  /// @return false when it is what it was, or nobody knows
  static boolean mendHead(Path file) throws IOException {
    Path copy = copyOfHead(file);
    if (!Files.exists(copy) || Files.size(file) < HEAD_BYTES) {
      return false;
    }
    byte[] head = Files.readAllBytes(copy);
    if (head.length != HEAD_BYTES || Arrays.equals(head, head(file))) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(head), 0);
    }
    return true;
  }

  private static byte[] head(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(HEAD_BYTES);
    }
  }

  private static Path copyOfHead(Path file) {
    return file.resolveSibling(file.getFileName() + ".head");
  }

  /// Ends the write-ahead log of a file where it is damaged, and returns the name of a copy of it.
  static Path cutLog(Path file, long place, long nowUnixNanos) throws IOException {
    Path log = file.resolveSibling(file.getFileName() + ".wal");
    Path aside = log.resolveSibling(log.getFileName() + ".damaged-" + nowUnixNanos / 1_000_000);
    Files.copy(log, aside);
    try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
      channel.truncate(place);
    }
    return aside;
  }

  @Override
  public void close() throws SQLException {
    root.close();
  }
}
