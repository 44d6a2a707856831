package io.coral.storage;

import io.coral.model.SeqRanges;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.duckdb.DuckDBAppender;
import org.duckdb.DuckDBConnection;

/// [SeqNotes] and the table `seqs` of each day's file, to which every change adds rows.
final class SeqBook extends SeqNotes {
  private static final String TABLE = "seqs";

  private static int code(KnownSeqs.Why why) {
    return switch (why) {
      case HELD -> 0;
      case GONE -> 1;
      case DELETED -> 3;
    };
  }

  /// Earlier versions wrote 2 for what no colony had asked for in time, which was not said.
  private static String condition(KnownSeqs.Why why) {
    return why == KnownSeqs.Why.DELETED ? "why IN (2, 3)" : "why = " + code(why);
  }

  /// The table of a day's file.
  static String table(String catalog) {
    return catalog + "." + TABLE;
  }

  /// Makes the table, inside the caller's transaction.
  static void create(Connection connection, String catalog) throws SQLException {
    Database.execute(
        connection,
        "CREATE TABLE IF NOT EXISTS "
            + table(catalog)
            + " (agent_id VARCHAR NOT NULL, epoch BIGINT NOT NULL, from_seq BIGINT NOT NULL, to_seq"
            + " BIGINT NOT NULL, why TINYINT NOT NULL, noted_unix_nanos BIGINT NOT NULL)");
  }

  /// Adds rows, inside the caller's transaction.
  static void append(
      DuckDBConnection connection,
      String catalog,
      Map<Epoch, SeqRanges> added,
      KnownSeqs.Why why,
      long nowNanos)
      throws SQLException {
    try (DuckDBAppender appender = connection.createAppender(catalog, "main", TABLE)) {
      for (Map.Entry<Epoch, SeqRanges> each : added.entrySet()) {
        for (SeqRanges.Range range : each.getValue().ranges()) {
          appender
              .beginRow()
              .append(each.getKey().agentId())
              .append(each.getKey().epoch())
              .append(range.from())
              .append(range.to())
              .append((byte) code(why))
              .append(nowNanos)
              .endRow();
        }
      }
      appender.flush();
    }
  }

  /// Reads what a file says, and writes it anew in as few rows as it takes.
  void load(DuckDBConnection connection, String catalog) throws SQLException {
    for (KnownSeqs.Why why : KnownSeqs.Why.values()) {
      if (why == KnownSeqs.Why.GONE) {
        loadGone(connection, catalog);
        continue;
      }
      Map<Epoch, SeqRanges> of = read(connection, catalog, condition(why));
      add(of, why);
      long rows =
          Database.number(
              connection, "SELECT count(*) FROM " + table(catalog) + " WHERE " + condition(why));
      if (rows > 2L * of.size()) {
        Database.inTransaction(
            connection,
            () -> {
              Database.execute(
                  connection, "DELETE FROM " + table(catalog) + " WHERE " + condition(why));
              append(connection, catalog, of, why, 0);
            });
      }
    }
  }

  private void loadGone(Connection connection, String catalog) throws SQLException {
    String notes = " FROM " + table(catalog) + " WHERE " + condition(KnownSeqs.Why.GONE);
    for (long noted : Database.numbers(connection, "SELECT DISTINCT noted_unix_nanos" + notes)) {
      read(connection, catalog, condition(KnownSeqs.Why.GONE) + " AND noted_unix_nanos = " + noted)
          .forEach((epoch, seqs) -> addGone(epoch, seqs, noted));
    }
  }

  /// Lets go of what a file says.
  ///
  /// @return the numbers that count as deleted from now on
  Map<Epoch, SeqRanges> forget(Connection connection, String catalog) throws SQLException {
    Map<KnownSeqs.Why, Map<Epoch, SeqRanges>> said = new EnumMap<>(KnownSeqs.Why.class);
    for (KnownSeqs.Why why : KnownSeqs.Why.values()) {
      said.put(why, read(connection, catalog, condition(why)));
    }
    return forget(said);
  }

  /// The numbers whose rows a file has.
  static SeqRanges held(Connection connection, String catalog, Epoch epoch) throws SQLException {
    return read(
            connection,
            catalog,
            condition(KnownSeqs.Why.HELD)
                + " AND epoch = "
                + epoch.epoch()
                + " AND agent_id = "
                + Database.literal(epoch.agentId()))
        .getOrDefault(epoch, SeqRanges.NONE);
  }

  private static Map<Epoch, SeqRanges> read(Connection connection, String catalog, String condition)
      throws SQLException {
    return ranges(
        connection,
        "SELECT agent_id, epoch, from_seq, to_seq FROM " + table(catalog) + " WHERE " + condition);
  }

  private static Map<Epoch, SeqRanges> ranges(Connection connection, String sql)
      throws SQLException {
    Map<Epoch, List<SeqRanges.Range>> ranges = new HashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        ranges
            .computeIfAbsent(
                new Epoch(result.getString(1), result.getLong(2)), _ -> new ArrayList<>())
            .add(new SeqRanges.Range(result.getLong(3), result.getLong(4)));
      }
    }
    return ranges.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, each -> SeqRanges.of(each.getValue())));
  }

  /// Makes the table of what files of earlier versions have instead: `checkpoints`, up to which
  /// everything was asked for, and `gaps`. All in one transaction.
  static void upgrade(DuckDBConnection connection, String catalog, StreamTable table, long nowNanos)
      throws SQLException {
    Set<String> tables =
        Database.texts(
            connection,
            "SELECT table_name FROM duckdb_tables() WHERE database_name = "
                + Database.literal(catalog));
    if (tables.contains(TABLE)) {
      return;
    }
    String relation = table.schema().hasAttributes() ? table.selectParts() : table.select("");
    Map<Epoch, SeqRanges> held =
        ranges(
            connection,
            "SELECT agent_id, epoch, min(seq), max(seq) FROM (" + relation + ") GROUP BY ALL");
    Map<Epoch, SeqRanges> gone = new HashMap<>();
    Map<Epoch, SeqRanges> before = new HashMap<>();
    if (tables.contains("gaps")) {
      gone =
          ranges(connection, "SELECT agent_id, epoch, from_seq, to_seq FROM " + catalog + ".gaps");
    }
    if (tables.contains("checkpoints")) {
      before =
          ranges(connection, "SELECT agent_id, epoch, 1, seq FROM " + catalog + ".checkpoints");
    }
    Map<Epoch, SeqRanges> lost = gone;
    held.replaceAll((epoch, seqs) -> seqs.minus(lost.getOrDefault(epoch, SeqRanges.NONE)));
    Map<Epoch, SeqRanges> asked = before;
    asked.replaceAll(
        (epoch, seqs) ->
            seqs.minus(held.getOrDefault(epoch, SeqRanges.NONE))
                .minus(lost.getOrDefault(epoch, SeqRanges.NONE)));
    Database.inTransaction(
        connection,
        () -> {
          create(connection, catalog);
          append(connection, catalog, held, KnownSeqs.Why.HELD, nowNanos);
          append(connection, catalog, lost, KnownSeqs.Why.GONE, nowNanos);
          append(connection, catalog, asked, KnownSeqs.Why.DELETED, nowNanos);
          Database.execute(connection, "DROP TABLE IF EXISTS " + catalog + ".checkpoints");
          Database.execute(connection, "DROP TABLE IF EXISTS " + catalog + ".gaps");
        });
  }
}
