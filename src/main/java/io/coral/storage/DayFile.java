package io.coral.storage;

import io.coral.model.StreamSchema;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Where a day of a stream is in a colony's history: a database, or once it is sealed a smaller one
/// and its rows as Parquet beside it.
///
/// @param path of the database
/// @param catalog name under which it is attached
/// @param rows the file of rows of a sealed day, which others do not have
record DayFile(Path path, String catalog, StreamTable table, Path rows, boolean isSealed) {
  private static final String SEALED = ".sealed.duckdb";
  private static final Pattern NAME =
      Pattern.compile("([a-z_]+)-(\\d{4}-\\d{2}-\\d{2})(\\.sealed)?\\.duckdb");

  /// A day that is not sealed.
  static DayFile open(Path directory, StreamSchema schema, LocalDate day) {
    return of(directory, schema, day, false);
  }

  /// A sealed day.
  static DayFile sealed(Path directory, StreamSchema schema, LocalDate day) {
    return of(directory, schema, day, true);
  }

  private static DayFile of(Path directory, StreamSchema schema, LocalDate day, boolean isSealed) {
    String name = schema.name() + "-" + day;
    String catalog =
        schema.name() + "_" + day.toString().replace("-", "") + (isSealed ? "_sealed" : "");
    return new DayFile(
        directory.resolve(name + (isSealed ? SEALED : ".duckdb")),
        catalog,
        new StreamTable(catalog, "", schema, true),
        directory.resolve(name + ".parquet"),
        isSealed);
  }

  /// The days of a stream in a directory, oldest first. A day is sealed from the moment when its
  /// smaller database has its name; what a crash left on either side of it is deleted.
  static NavigableMap<LocalDate, DayFile> find(Path directory, StreamSchema schema)
      throws IOException {
    List<LocalDate> days;
    try (Stream<Path> files = Files.list(directory)) {
      days =
          files
              .map(file -> NAME.matcher(file.getFileName().toString()))
              .filter(name -> name.matches() && name.group(1).equals(schema.name()))
              .map(name -> LocalDate.parse(name.group(2)))
              .distinct()
              .toList();
    }
    NavigableMap<LocalDate, DayFile> found = new TreeMap<>();
    for (LocalDate day : days) {
      DayFile open = open(directory, schema, day);
      DayFile sealed = sealed(directory, schema, day);
      if (Files.exists(sealed.path)) {
        open.delete();
        found.put(day, sealed);
      } else {
        sealed.deleteUnfinished();
        found.put(day, open);
      }
    }
    return found;
  }

  /// What the database of a sealed day is called until it is whole.
  Path unfinished() {
    return path.resolveSibling(path.getFileName() + ".new");
  }

  /// Deletes what a sealing that did not end left behind.
  void deleteUnfinished() throws IOException {
    Files.deleteIfExists(rows);
    Files.deleteIfExists(unfinished());
    Files.deleteIfExists(unfinished().resolveSibling(unfinished().getFileName() + ".wal"));
  }

  /// Attaches the database.
  void attach(Connection connection) throws SQLException {
    Database.attach(connection, path, catalog);
    if (isSealed) {
      Sealing.lookAtRows(connection, this);
    }
  }

  /// Deletes the files, after they were detached.
  void delete() throws IOException {
    Files.deleteIfExists(path);
    Files.deleteIfExists(path.resolveSibling(path.getFileName() + ".wal"));
    if (isSealed) {
      Files.deleteIfExists(rows);
    }
  }

  /// Puts the files aside, which are damaged, and returns the new name of the database.
  Path quarantine(long nowUnixNanos) throws IOException {
    Path aside = new DatabaseFile(path).quarantine(nowUnixNanos);
    if (isSealed && Files.exists(rows)) {
      Files.move(rows, rows.resolveSibling(aside + ".parquet"));
    }
    return aside;
  }
}
