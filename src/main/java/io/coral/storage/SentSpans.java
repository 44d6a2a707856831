package io.coral.storage;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.coral.model.AttributeLists;
import io.coral.model.Role;
import java.sql.Array;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads spans that applications sent from one partition: first the rows as they are stored, then
/// only those groups, shapes and strings that they name. So a trace costs four small queries,
/// where [StreamTable#select] builds the list of all strings.
///
/// For one use on one thread.
final class SentSpans {
  private static final int MAX_LITERALS = 20;

  private final Connection connection;
  private final StreamTable table;
  private final Map<Integer, Group> groups = new HashMap<>();
  private final Map<Integer, Shape> shapes = new HashMap<>();
  private final Map<Long, String> texts = new HashMap<>();
  private final Map<String, JsonElement> parsed = new HashMap<>();

  /// @param values by slot, from 1; null when the row has none
  private record Row(
      UUID trace,
      long span,
      long parent,
      int kind,
      long start,
      long duration,
      String details,
      int shape,
      @Nullable String more,
      @Nullable Long[] values,
      @Nullable String[] plain) {}

  private record Group(
      long service,
      long name,
      int role,
      int status,
      long system,
      long method,
      long route,
      int outcome,
      long resource,
      long scope,
      long flags) {
    List<Long> texts() {
      return List.of(service, name, system, method, route, resource, scope);
    }
  }

  private record Shape(List<String> keys, int[] kinds, int[] slots) {}

  SentSpans(Connection connection, StreamTable table) {
    this.connection = connection;
    this.table = table;
  }

  /// Spans in any order.
  ///
  /// @param condition on a row `r`
  /// @param aliases say which traces they belong to
  /// @param most how many are read; the caller sees by their number that there may be more
  List<SpanRow> read(String condition, TraceAliases aliases, int most) throws SQLException {
    List<Row> rows = rows(condition, most);
    readGroups(rows.stream().map(Row::kind).collect(Collectors.toSet()));
    readShapes(rows.stream().map(Row::shape).collect(Collectors.toSet()));
    readTexts(rows);
    List<SpanRow> spans = new ArrayList<>(rows.size());
    for (Row row : rows) {
      Group group = groups.get(row.kind);
      if (group != null) {
        spans.add(span(row, group, aliases.canonical(row.trace)));
      }
    }
    return spans;
  }

  private List<Row> rows(String condition, int most) throws SQLException {
    List<Row> rows = new ArrayList<>();
    String sql =
        "SELECT r.* FROM " + table.rowsTable() + " AS r WHERE " + condition + " LIMIT " + most;
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      ResultSetMetaData meta = result.getMetaData();
      int[] values = new int[AttributeShapes.MOST_VALUES + 1];
      int[] plain = new int[AttributeShapes.MOST_PLAIN + 1];
      Map<String, Integer> at = new HashMap<>();
      for (int i = 1; i <= meta.getColumnCount(); i++) {
        String column = meta.getColumnName(i);
        at.put(column, i);
        if (column.matches("v\\d+")) {
          values[Integer.parseInt(column.substring(1))] = i;
        } else if (column.matches("p\\d+")) {
          plain[Integer.parseInt(column.substring(1))] = i;
        }
      }
      int trace = at.getOrDefault("trace_id", 0);
      int span = at.getOrDefault("span_id", 0);
      int parent = at.getOrDefault("parent_span_id", 0);
      int kind = at.getOrDefault("kind", 0);
      int start = at.getOrDefault("start_unix_nanos", 0);
      int duration = at.getOrDefault("duration_nanos", 0);
      int details = at.getOrDefault("details", 0);
      int shape = at.getOrDefault("shape", 0);
      int more = at.getOrDefault("more", 0);
      while (result.next()) {
        String itsDetails = result.getString(details);
        rows.add(
            new Row(
                TraceAliases.uuid(result, trace),
                result.getLong(span),
                result.getLong(parent),
                result.getInt(kind),
                result.getLong(start),
                result.getLong(duration),
                itsDetails == null ? "" : itsDetails,
                result.getInt(shape),
                result.getString(more),
                longs(result, values),
                strings(result, plain)));
      }
    }
    return rows;
  }

  private static @Nullable Long[] longs(ResultSet result, int[] columns) throws SQLException {
    @Nullable Long[] values = new Long[columns.length];
    for (int i = 1; i < columns.length; i++) {
      if (columns[i] != 0) {
        long value = result.getLong(columns[i]);
        values[i] = result.wasNull() ? null : (Long) value;
      }
    }
    return values;
  }

  private static @Nullable String[] strings(ResultSet result, int[] columns) throws SQLException {
    @Nullable String[] values = new String[columns.length];
    for (int i = 1; i < columns.length; i++) {
      values[i] = columns[i] == 0 ? null : result.getString(columns[i]);
    }
    return values;
  }

  private void readGroups(Set<Integer> ids) throws SQLException {
    if (ids.isEmpty()) {
      return;
    }
    String sql =
        "SELECT id, service, name, role, status, system, method, route, outcome, resource, scope,"
            + " flags FROM "
            + table.groupsTable()
            + " WHERE id IN ("
            + list(ids)
            + ")";
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        groups.put(
            result.getInt(1),
            new Group(
                result.getLong(2),
                result.getLong(3),
                result.getInt(4),
                result.getInt(5),
                result.getLong(6),
                result.getLong(7),
                result.getLong(8),
                result.getInt(9),
                result.getLong(10),
                result.getLong(11),
                result.getLong(12)));
      }
    }
  }

  private void readShapes(Set<Integer> ids) throws SQLException {
    if (ids.isEmpty()) {
      return;
    }
    String sql =
        "SELECT id, keys, kinds, slots FROM "
            + table.shapesTable()
            + " WHERE id IN ("
            + list(ids)
            + ")";
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      while (result.next()) {
        List<String> keys = new ArrayList<>();
        Array array = result.getArray(2);
        for (Object key : (Object[]) array.getArray()) {
          keys.add(String.valueOf(key));
        }
        shapes.put(
            result.getInt(1),
            new Shape(
                keys,
                BatchReader.counts(result.getArray(3)),
                BatchReader.counts(result.getArray(4))));
      }
    }
  }

  private void readTexts(List<Row> rows) throws SQLException {
    Set<Long> ids = new HashSet<>();
    groups.values().forEach(group -> ids.addAll(group.texts()));
    for (Row row : rows) {
      Shape shape = shapes.get(row.shape);
      for (int i = 0; shape != null && i < shape.kinds.length; i++) {
        boolean numbered =
            shape.kinds[i] != AttributeLists.LONG && shape.kinds[i] != AttributeLists.PLAIN;
        Long value = shape.slots[i] > 0 && numbered ? row.values[shape.slots[i]] : null;
        if (value != null) {
          ids.add(value);
        }
      }
    }
    if (ids.isEmpty()) {
      return;
    }
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(table.texts(list(ids)))) {
      while (result.next()) {
        texts.put(result.getLong(1), result.getString(2));
      }
    }
  }

  /// SQL to stand in the brackets behind `IN`. Many numbers are one string: parsing literals takes
  /// longer.
  static String list(Collection<? extends Number> ids) {
    String numbers =
        ids.stream().map(Number::toString).collect(Collectors.joining(ids.isEmpty() ? "" : ","));
    return ids.size() <= MAX_LITERALS
        ? numbers
        : "SELECT unnest(string_split('" + numbers + "', ','))::INTEGER";
  }

  private SpanRow span(Row row, Group group, UUID trace) {
    String system = text(group.system);
    Map<String, JsonElement> typed = attributes(row);
    Map<String, String> attributes = new HashMap<>();
    typed.forEach(
        (key, value) ->
            attributes.put(
                key, value instanceof JsonPrimitive one ? one.getAsString() : value.toString()));
    boolean http = system.equals("http");
    int status = http && group.status > 0 ? group.status : 0;
    if (http) {
      attributes.putIfAbsent("http.request.method", text(group.method));
      attributes.putIfAbsent("http.route", text(group.route));
      attributes.putIfAbsent("http.response.status_code", status == 0 ? "" : "" + status);
    }
    Role role = Role.ofCode(group.role);
    if (role == Role.CLIENT || role == Role.PRODUCER) {
      attributes.putIfAbsent(SpanRow.PEER, peer(attributes, system));
    }
    if (group.outcome != 0) {
      attributes.put(SpanRow.OUTCOME, group.outcome == SentDetails.ERROR ? "ERROR" : "OK");
    }
    attributes.values().removeIf(String::isEmpty);
    return new SpanRow(
        TraceQueries.hex(trace),
        TraceQueries.hex(row.span),
        row.parent == 0 ? "" : TraceQueries.hex(row.parent),
        text(group.service),
        text(group.name),
        role,
        row.start,
        row.duration,
        status,
        attributes,
        new SentDetails(
            group.outcome,
            system,
            typed,
            text(group.resource),
            text(group.scope),
            row.details,
            group.flags));
  }

  /// Who was called, in the words of the current conventions or the old ones.
  private static String peer(Map<String, String> attributes, String system) {
    for (String[] names :
        new String[][] {
          {"server.address", "server.port"},
          {"net.peer.name", "net.peer.port"},
          {"network.peer.address", "network.peer.port"}
        }) {
      String host = attributes.get(names[0]);
      if (host != null) {
        String port = attributes.get(names[1]);
        return port == null ? host : host + ":" + port;
      }
    }
    return system.equals("http") || system.equals("grpc") ? "" : system;
  }

  private Map<String, JsonElement> attributes(Row row) {
    Map<String, JsonElement> attributes = new LinkedHashMap<>();
    JsonObject more =
        row.more == null ? new JsonObject() : JsonParser.parseString(row.more).getAsJsonObject();
    Shape shape = shapes.get(row.shape);
    for (int i = 0; shape != null && i < shape.kinds.length; i++) {
      String key = shape.keys.get(i);
      JsonElement value =
          shape.slots[i] < 0 ? more.get(key) : value(row, shape.kinds[i], shape.slots[i]);
      if (value != null) {
        attributes.put(key, value);
      }
    }
    return attributes;
  }

  private @Nullable JsonElement value(Row row, int kind, int slot) {
    if (kind == AttributeLists.PLAIN) {
      String plain = row.plain[slot];
      return plain == null ? null : new JsonPrimitive(plain);
    }
    Long value = row.values[slot];
    if (value == null) {
      return null;
    }
    return switch (kind) {
      case AttributeLists.LONG -> new JsonPrimitive(value);
      case AttributeLists.JSON -> parsed.computeIfAbsent(text(value), JsonParser::parseString);
      default -> new JsonPrimitive(text(value));
    };
  }

  private String text(long id) {
    return texts.getOrDefault(id, "");
  }
}
