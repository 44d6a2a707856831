package io.coral.storage;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import io.coral.model.AttributeLists;
import io.coral.model.ColumnBatch;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// Reads spans that applications sent from one partition. For one use on one thread.
final class SentSpans {
  private static final int TRACE_ID = column("trace_id");
  private static final int SPAN_ID = column("span_id");
  private static final int PARENT = column("parent_span_id");
  private static final int SERVICE = column("service");
  private static final int NAME = column("name");
  private static final int ROLE = column("role");
  private static final int START = column("start_unix_nanos");
  private static final int DURATION = column("duration_nanos");
  private static final int STATUS = column("status");
  private static final int SYSTEM = column("system");
  private static final int METHOD = column("method");
  private static final int ROUTE = column("route");
  private static final int OUTCOME = column("outcome");
  private static final int RESOURCE = column("resource");
  private static final int SCOPE = column("scope");
  private static final int FLAGS = column("flags");
  private static final int DETAILS = column("details");
  private static final int ATTRIBUTES = column("attributes");

  private final Connection connection;
  private final StreamTable table;
  private final Map<String, JsonElement> parsed = new HashMap<>();

  SentSpans(Connection connection, StreamTable table) {
    this.connection = connection;
    this.table = table;
  }

  private static int column(String name) {
    for (int i = 0; i < StreamSchema.SPANS.columns().size(); i++) {
      if (StreamSchema.SPANS.columns().get(i).name().equals(name)) {
        return i;
      }
    }
    throw new IllegalArgumentException(name);
  }

  /// Spans in any order.
  ///
  /// @param condition on a row `r`
  /// @param aliases say which traces they belong to
  /// @param most how many are read; the caller sees by their number that there may be more
  List<SpanRow> read(String condition, TraceAliases aliases, int most) throws SQLException {
    ColumnBatch batch = new StoredRows(connection, table).read(condition + " LIMIT " + most);
    List<SpanRow> spans = new ArrayList<>(batch.rows());
    for (int row = 0; row < batch.rows(); row++) {
      spans.add(span(batch, row, aliases));
    }
    return spans;
  }

  private SpanRow span(ColumnBatch batch, int row, TraceAliases aliases) {
    long[] traces = batch.uuids(TRACE_ID);
    String system = text(batch, SYSTEM, row);
    Map<String, JsonElement> typed = attributes(batch, row);
    Map<String, String> attributes = new HashMap<>();
    typed.forEach(
        (key, value) ->
            attributes.put(
                key, value instanceof JsonPrimitive one ? one.getAsString() : value.toString()));
    boolean http = system.equals("http");
    int status = http ? Math.max(0, (int) batch.longs(STATUS)[row]) : 0;
    if (http) {
      attributes.putIfAbsent("http.request.method", text(batch, METHOD, row));
      attributes.putIfAbsent("http.route", text(batch, ROUTE, row));
      attributes.putIfAbsent("http.response.status_code", status == 0 ? "" : "" + status);
    }
    Role role = Role.ofCode((int) batch.longs(ROLE)[row]);
    if (role == Role.CLIENT || role == Role.PRODUCER) {
      attributes.putIfAbsent(SpanRow.PEER, peer(attributes, system));
    }
    int outcome = (int) batch.longs(OUTCOME)[row];
    if (outcome != 0) {
      attributes.put(SpanRow.OUTCOME, outcome == SentDetails.ERROR ? "ERROR" : "OK");
    }
    attributes.values().removeIf(String::isEmpty);
    long parent = batch.longs(PARENT)[row];
    return new SpanRow(
        TraceQueries.hex(aliases.canonical(new UUID(traces[2 * row], traces[2 * row + 1]))),
        TraceQueries.hex(batch.longs(SPAN_ID)[row]),
        parent == 0 ? "" : TraceQueries.hex(parent),
        text(batch, SERVICE, row),
        text(batch, NAME, row),
        role,
        batch.longs(START)[row],
        batch.longs(DURATION)[row],
        status,
        attributes,
        new SentDetails(
            outcome,
            system,
            typed,
            text(batch, RESOURCE, row),
            text(batch, SCOPE, row),
            new String(batch.plains(DETAILS)[row], StandardCharsets.UTF_8),
            batch.longs(FLAGS)[row]));
  }

  private static String text(ColumnBatch batch, int column, int row) {
    return batch.dictionary().text(batch.textIds(column)[row]);
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

  private Map<String, JsonElement> attributes(ColumnBatch batch, int row) {
    AttributeLists lists = batch.attributes(ATTRIBUTES);
    Map<String, JsonElement> attributes = new LinkedHashMap<>();
    for (int i = lists.start(row); i < lists.end(row); i++) {
      JsonElement value =
          switch (lists.kind(i)) {
            case AttributeLists.LONG -> new JsonPrimitive(lists.value(i));
            case AttributeLists.JSON ->
                parsed.computeIfAbsent(lists.text(i, batch.dictionary()), JsonParser::parseString);
            default -> new JsonPrimitive(lists.text(i, batch.dictionary()));
          };
      attributes.put(batch.dictionary().text(lists.key(i)), value);
    }
    return attributes;
  }
}
