package io.coral.storage;

import io.coral.model.ColumnType;
import io.coral.model.StreamSchema;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Adds up the counts of a store's rows. Any thread; blocks.
final class Sums implements SumSource {
  private final RowSource source;

  Sums(RowSource source) {
    this.source = source;
  }

  @Override
  public SumTable sums(SumsQuestion question) {
    SumTable table = new SumTable();
    try (Connection connection = source.reader()) {
      for (StreamSchema schema : question.streams()) {
        @Nullable Predicate<List<String>> wanted = wanted(schema, question);
        for (StreamTable partition :
            source.tables(schema, question.sinceNanos(), question.untilNanos())) {
          partition.sum(
              connection,
              question,
              wanted,
              where(partition, question.where()),
              (of, start, calls, errors, last, offset, counts) ->
                  table.add(
                      new SumTable.Key(of, start / question.stepNanos() * question.stepNanos()),
                      calls,
                      errors,
                      last,
                      offset,
                      counts));
        }
      }
    } catch (SQLException e) {
      throw new StorageException("cannot add up what was counted", e);
    }
    return table;
  }

  /// Which of the values fit that are held in memory; null when those do not tell.
  private static @Nullable Predicate<List<String>> wanted(
      StreamSchema schema, SumsQuestion question) {
    List<String> by = schema.summedBy();
    if (!by.containsAll(question.where().keySet())) {
      return null;
    }
    return of ->
        question.where().entrySet().stream()
            .allMatch(each -> each.getValue().contains(of.get(by.indexOf(each.getKey()))));
  }

  @Override
  public boolean withAgents() {
    return source.withAgents();
  }

  private String where(StreamTable table, Map<String, Set<String>> where) {
    List<String> conditions = new ArrayList<>();
    where.forEach((column, values) -> conditions.add(condition(table, column, values)));
    conditions.add(source.ofAgents(table));
    return conditions.stream().filter(each -> !each.isEmpty()).collect(Collectors.joining(" AND "));
  }

  private static String condition(StreamTable table, String column, Set<String> values) {
    StreamSchema schema = table.schema();
    if (schema.columns().get(schema.position(column)).type() == ColumnType.TEXT) {
      return table.hasText(
          column, values.stream().map(Database::literal).collect(Collectors.joining(", ")));
    }
    return "r."
        + column
        + " IN ("
        + values.stream().map(Long::valueOf).map(String::valueOf).collect(Collectors.joining(","))
        + ")";
  }
}
