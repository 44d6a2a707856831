package io.coral.storage;

import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The views that people ask: `<stream>_rows`, every row of a stream with its strings, and the
/// tables of the specification over them (`schema/views.sql`).
///
/// Of streams with attributes there is `<stream>_parts` too, where these are in parts: a view that
/// makes JSON of the parts itself does so for the rows that fit a condition and not for all.
final class Views {
  private Views() {}

  /// Makes the views of an agent's file.
  ///
  /// @param tables partitions of each stream
  static void replace(
      Connection connection, RowSource source, Function<StreamSchema, List<StreamTable>> tables)
      throws SQLException {
    for (StreamSchema schema : StreamSchema.ALL) {
      String rows = schema.name() + "_rows";
      if (schema.hasAttributes()) {
        String parts = schema.name() + "_parts";
        replace(connection, parts, source.parts(schema, tables.apply(schema)));
        replace(connection, rows, RowSource.whole(parts));
      } else {
        replace(connection, rows, source.relation(schema, tables.apply(schema), ""));
      }
    }
    Database.execute(connection, script(false, "parts", AttributeJson.OF_PARTS));
  }

  private static void replace(Connection connection, String name, String relation)
      throws SQLException {
    Database.execute(connection, "CREATE OR REPLACE VIEW " + name + " AS " + relation);
  }

  /// SQL of the views of a copy, where `<stream>_rows` are tables.
  static String ofCopy(boolean withAgents) {
    return script(withAgents, "rows", "attributes");
  }

  /// Strings that rows are grouped by behind an `unnest`: as they come out of a join, DuckDB 2.0
  /// fails to group them ("dict-surviving cache"), and takes its whole instance with it.
  private static String flat(boolean withAgents) {
    return Stream.of("agent_id", "service", "method", "route", "source", "attributes", "system")
        .skip(withAgents ? 0 : 1)
        .map(column -> "concat(" + column + ") AS " + column)
        .collect(Collectors.joining(", "));
  }

  private static String script(boolean withAgents, String rows, String attributes) {
    return Database.script("views.sql")
            .replace("${agent_id}", withAgents ? "agent_id," : "")
            .replace("${rows}", rows)
            .replace("${flat}", flat(withAgents))
            .replace("${attributes}", attributes)
        + (withAgents ? "" : Database.script("local_views.sql"));
  }
}
