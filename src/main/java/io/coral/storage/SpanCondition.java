package io.coral.storage;

import io.coral.model.AttributeLists;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A [SpanSearch] as the condition on the rows of one partition, or the slow spans that fit, where
/// memory has them all. What many rows have in common is looked up first, so that the rows
/// themselves are only compared with numbers.
final class SpanCondition {
  private static final Pattern NUMBERED = Pattern.compile("(.*?)(0|[1-9]\\d{0,7})", Pattern.DOTALL);

  private final Connection connection;
  private final StreamTable table;
  private final SpanSearch search;
  private final List<String> parts = new ArrayList<>();
  private List<SlowSpans.Span> known = List.of();

  private SpanCondition(Connection connection, StreamTable table, SpanSearch search) {
    this.connection = connection;
    this.table = table;
    this.search = search;
  }

  /// What fits of a partition, whatever its time.
  ///
  /// @param known spans that fit
  /// @param rows the condition on the other rows `r` that fit; empty when there are none
  record Fitting(List<SlowSpans.Span> known, Optional<String> rows) {}

  static Fitting of(Connection connection, StreamTable table, SpanSearch search)
      throws SQLException {
    return new SpanCondition(connection, table, search).fitting();
  }

  private Fitting fitting() throws SQLException {
    boolean hasRows = table.schema().equals(StreamSchema.SPANS) ? addSent() : addCaptured();
    if (!hasRows) {
      return new Fitting(known, Optional.empty());
    }
    if (search.minDurationNanos() > 0) {
      parts.add("r.duration_nanos >= " + search.minDurationNanos());
    }
    if (search.maxDurationNanos() < Long.MAX_VALUE) {
      parts.add("r.duration_nanos <= " + search.maxDurationNanos());
    }
    return new Fitting(known, Optional.of(parts.isEmpty() ? "true" : String.join(" AND ", parts)));
  }

  /// @return whether rows may fit that are not known already
  private boolean addSent() throws SQLException {
    List<String> groups = new ArrayList<>();
    if (!search.service().isEmpty()) {
      groups.add("service IN " + table.idsOf(Database.literal(search.service())));
    }
    if (!search.operation().isEmpty()) {
      groups.add("name IN " + table.idsOf(Database.literal(search.operation())));
    }
    if (search.role() != null) {
      groups.add("role = " + search.role().code());
    }
    for (Map.Entry<String, String> tag : search.tags().entrySet()) {
      Optional<String> ofGroup = ofGroup(tag.getKey(), tag.getValue());
      if (ofGroup.isPresent()) {
        groups.add(ofGroup.get());
      } else {
        parts.add(attribute(tag.getKey(), tag.getValue()));
      }
    }
    Set<Integer> ids = new HashSet<>();
    if (!groups.isEmpty()) {
      for (long id : table.groupsWhere(connection, String.join(" AND ", groups))) {
        if (table.slow().longest(connection, id) >= search.minDurationNanos()) {
          ids.add((int) id);
        }
      }
      if (ids.isEmpty()) {
        return false;
      }
    }
    if (parts.isEmpty()) {
      Optional<List<SlowSpans.Span>> all =
          table
              .slow()
              .of(
                  connection,
                  group -> groups.isEmpty() || ids.contains(group),
                  search.minDurationNanos(),
                  search.maxDurationNanos());
      if (all.isPresent()) {
        known = all.get();
        return false;
      }
    }
    if (!groups.isEmpty()) {
      // As a set to look rows up in, after what else is asked for: each row is compared with every
      // number of a list.
      parts.add("r.kind IN (" + StoredRows.list(ids) + ")");
    }
    return true;
  }

  private static String join(List<Long> ids) {
    return ids.stream().map(Object::toString).collect(Collectors.joining(", "));
  }

  /// What a span says of itself, as a condition on its group.
  private static Optional<String> ofGroup(String key, String value) {
    return switch (key) {
      case "error" -> Optional.of(value.equals("true") ? "outcome = 2" : "outcome <> 2");
      case "span.kind" -> Optional.of("role = " + roleCode(value));
      case "otel.status_code" ->
          Optional.of(
              "outcome = "
                  + switch (value.toUpperCase(Locale.ROOT)) {
                    case "OK" -> 1;
                    case "ERROR" -> 2;
                    default -> 0;
                  });
      default -> Optional.empty();
    };
  }

  private static int roleCode(String label) {
    return Stream.of(Role.values())
        .filter(role -> role.label().equals(label.toLowerCase(Locale.ROOT)))
        .map(Role::code)
        .findFirst()
        .orElse(0);
  }

  /// An attribute of the span, wherever its shape puts it, or of its resource.
  private String attribute(String key, String value) throws SQLException {
    String literal = Database.literal(value);
    Map<Integer, List<Long>> stored = stored(value);
    List<String> ways = new ArrayList<>();
    AttributeShapes shapes = table.shapes();
    String sql =
        "SELECT id, kinds[place], slots[place] FROM (SELECT *, list_position(keys, "
            + Database.literal(key)
            + ") AS place FROM "
            + shapes.formsTable()
            + ") WHERE place > 0";
    // Forms that keep the attribute alike are asked for together.
    Map<String, List<Long>> forms = new LinkedHashMap<>();
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        int kind = result.getInt(2);
        int slot = result.getInt(3);
        String way =
            kind == AttributeLists.PLAIN
                ? "r.p" + slot + " = " + literal
                : (slot > 0 ? "r.v" + slot : "shape.fixed[" + -slot + "]")
                    + " IN ("
                    + join(stored.getOrDefault(kind, List.of(-1L)))
                    + ")";
        if (kind == AttributeLists.PLAIN || stored.containsKey(kind)) {
          forms.computeIfAbsent(way, _ -> new ArrayList<>()).add(result.getLong(1));
        }
      }
    }
    forms.forEach(
        (way, ids) -> {
          boolean inRow = way.startsWith("r.");
          ways.add(
              "(r.shape IN (SELECT shape.id FROM "
                  + shapes.shapesTable()
                  + " AS shape WHERE shape.form IN ("
                  + join(ids)
                  + ")"
                  + (inRow ? ") AND " + way + ")" : " AND " + way + "))"));
        });
    ways.add(
        "r.kind IN (SELECT g.id FROM "
            + table.groupsTable()
            + " AS g WHERE g.resource IN (SELECT t.id FROM ("
            + table.texts("SELECT DISTINCT resource FROM " + table.groupsTable())
            + ") AS t WHERE t.value <> '' AND "
            + json("(t.value::JSON->'attributes')", key)
            + " = "
            + literal
            + "))");
    return "(" + String.join(" OR ", ways) + ")";
  }

  /// What a value may be stored as, by the kind of the attribute.
  private Map<Integer, List<Long>> stored(String value) throws SQLException {
    Map<Integer, List<Long>> stored = new HashMap<>();
    List<Long> whole =
        Database.numbers(connection, "SELECT id FROM " + table.idsOf(Database.literal(value)));
    if (!whole.isEmpty()) {
      stored.put((int) AttributeLists.TEXT, whole);
      stored.put((int) AttributeLists.JSON, whole);
    }
    if (value.matches("-?\\d{1,18}")) {
      stored.put((int) AttributeLists.LONG, List.of(Long.parseLong(value)));
    }
    if (value.matches("[0-9a-f]{16}")) {
      stored.put((int) AttributeLists.HEX, List.of(Long.parseUnsignedLong(value, 16)));
    }
    Matcher numbered = NUMBERED.matcher(value);
    if (numbered.matches()) {
      long end = Long.parseLong(numbered.group(2));
      List<Long> before =
          Database.numbers(
              connection, "SELECT id FROM " + table.idsOf(Database.literal(numbered.group(1))));
      if (!before.isEmpty()) {
        stored.put(
            (int) AttributeLists.NUMBERED,
            before.stream().map(id -> id << AttributeLists.NUMBER_BITS | end).toList());
      }
    }
    return stored;
  }

  /// SQL of a member's value as text.
  private static String json(String object, String key) {
    // RFC 6901: a key may contain dots and quotes.
    return "json_extract_string("
        + object
        + ", "
        + Database.literal("/" + key.replace("~", "~0").replace("/", "~1"))
        + ")";
  }

  private boolean addCaptured() {
    if (!search.service().isEmpty()) {
      parts.add(table.hasText("service", Database.literal(search.service())));
    }
    if (!search.operation().isEmpty()) {
      parts.add(table.hasText("name", Database.literal(search.operation())));
    }
    if (search.role() != null) {
      parts.add("r.role = " + search.role().code());
    }
    search.tags().forEach((key, value) -> parts.add(captured(key, value)));
    return true;
  }

  private String captured(String key, String value) {
    String literal = Database.literal(value);
    String failed = "(r.status >= CASE r.role WHEN 1 THEN 500 ELSE 400 END)";
    return switch (key) {
      case "error" -> value.equals("true") ? failed : "NOT " + failed;
      case "span.kind" -> "r.role = " + roleCode(value);
      case "http.status_code", "http.response.status_code" ->
          value.matches("\\d{1,9}") ? "r.status = " + value : "false";
      case "http.method", "http.request.method" -> table.hasText("method", literal);
      case "http.route" -> table.hasText("route", literal);
      case "network.peer" -> table.hasText("peer", literal);
      case "server.address" -> table.hasText("host", literal);
      default ->
          "r.attributes IN (SELECT t.id FROM ("
              + table.texts("SELECT DISTINCT attributes FROM " + table.rowsTable())
              + ") AS t WHERE "
              + json("t.value::JSON", key)
              + " = "
              + literal
              + ")";
    };
  }
}
