package io.coral.storage;

import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What became known of some traces after their spans were stored: to which trace they belong, and
/// which parents their spans have in it.
///
/// A trace that belongs to another may do so by way of a third: rows are followed to their end. Of
/// several rows about the parent of a span, the one with the greatest number counts.
final class TraceAliases {
  /// A parent that was found later.
  record Parent(long spanId, String evidence) {}

  private record Row(
      UUID from, UUID to, long spanId, long parentSpanId, long seq, long start, Text evidence) {
    boolean isAfter(@Nullable Row other) {
      return other == null || seq > other.seq || (seq == other.seq && start > other.start);
    }
  }

  /// A string of a partition's dictionary.
  private record Text(int table, int id) {}

  private static final int MAX_ROUNDS = 32;
  private static final int MAX_LITERALS = 20;

  private final Map<UUID, Row> newest = new HashMap<>();
  private final Map<Long, Row> parents = new HashMap<>();
  private final Map<Text, String> texts = new HashMap<>();

  private TraceAliases() {}

  /// Reads what is known about traces, whichever of their ids are given. Without rows about them
  /// this is one look at two columns.
  static TraceAliases of(RowSource source, Connection connection, Collection<UUID> ids)
      throws SQLException {
    TraceAliases aliases = new TraceAliases();
    List<StreamTable> tables = source.tables(StreamSchema.TRACE_ALIASES);
    if (tables.isEmpty()) {
      return aliases;
    }
    // From a part to the whole, from there to its other parts, and what else is said of those.
    Set<UUID> asked = new HashSet<>();
    Set<UUID> next = new HashSet<>(ids);
    for (int round = 0; round < MAX_ROUNDS && !next.isEmpty(); round++) {
      asked.addAll(next);
      Set<UUID> named = aliases.read(connection, tables, set(next));
      named.removeAll(asked);
      next = named;
    }
    aliases.readTexts(connection, tables);
    return aliases;
  }

  /// @return the ids that the rows name
  private Set<UUID> read(Connection connection, List<StreamTable> tables, String ids)
      throws SQLException {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < tables.size(); i++) {
      parts.add(
          "SELECT from_trace_id, to_trace_id, span_id, parent_span_id, seq, start_unix_nanos, "
              + i
              + ", evidence FROM "
              + tables.get(i).rowsTable()
              + " WHERE from_trace_id IN "
              + ids
              + " OR to_trace_id IN "
              + ids);
    }
    Set<UUID> named = new HashSet<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(String.join(" UNION ALL ", parts))) {
      while (result.next()) {
        Row row =
            new Row(
                uuid(result, 1),
                uuid(result, 2),
                result.getLong(3),
                result.getLong(4),
                result.getLong(5),
                result.getLong(6),
                new Text(result.getInt(7), result.getInt(8)));
        add(row);
        named.add(row.from);
        named.add(row.to);
      }
    }
    return named;
  }

  private void readTexts(Connection connection, List<StreamTable> tables) throws SQLException {
    Map<Integer, Set<String>> wanted = new HashMap<>();
    for (Row row : parents.values()) {
      wanted
          .computeIfAbsent(row.evidence.table, _ -> new HashSet<>())
          .add(Integer.toString(row.evidence.id));
    }
    for (Map.Entry<Integer, Set<String>> each : wanted.entrySet()) {
      String sql = tables.get(each.getKey()).texts(String.join(", ", each.getValue()));
      try (Statement statement = connection.createStatement();
          ResultSet result = statement.executeQuery(sql)) {
        while (result.next()) {
          texts.put(new Text(each.getKey(), result.getInt(1)), result.getString(2));
        }
      }
    }
  }

  private void add(Row row) {
    if (!row.from.equals(row.to) && row.isAfter(newest.get(row.from))) {
      newest.put(row.from, row);
    }
    if (row.parentSpanId != 0 && row.isAfter(parents.get(row.spanId))) {
      parents.put(row.spanId, row);
    }
  }

  /// Whether nothing is known.
  boolean isEmpty() {
    return newest.isEmpty() && parents.isEmpty();
  }

  /// The trace that a trace belongs to, perhaps itself.
  UUID canonical(UUID id) {
    UUID at = id;
    Row row = newest.get(at);
    for (int steps = 0; row != null && steps < MAX_ROUNDS; steps++) {
      at = row.to;
      row = newest.get(at);
    }
    return at;
  }

  /// The ids under which spans of these traces are stored.
  Set<UUID> members(Collection<UUID> canonical) {
    Set<UUID> asked = new HashSet<>(canonical);
    Set<UUID> members = new HashSet<>(canonical);
    newest.keySet().stream().filter(from -> asked.contains(canonical(from))).forEach(members::add);
    return members;
  }

  /// The parent of a span, null when nothing became known of it.
  @Nullable Parent parent(long spanId) {
    Row row = parents.get(spanId);
    return row == null ? null : new Parent(row.parentSpanId, texts.getOrDefault(row.evidence, ""));
  }

  /// SQL of a set of ids, to stand behind `IN`. Many of them are one string, because parsing as
  /// many literals takes longer than the query.
  static String set(Collection<UUID> ids) {
    if (ids.size() <= MAX_LITERALS) {
      return ids.stream()
          .map(id -> "'" + id + "'::UUID")
          .collect(Collectors.joining(", ", "(", ")"));
    }
    return ids.stream()
        .map(UUID::toString)
        .collect(Collectors.joining(",", "(SELECT unnest(string_split('", "', ','))::UUID)"));
  }

  static UUID uuid(ResultSet result, int column) throws SQLException {
    return (UUID) result.getObject(column);
  }
}
