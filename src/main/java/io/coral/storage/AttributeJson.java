package io.coral.storage;

import io.coral.model.AttributeLists;
import java.util.List;

/// SQL that makes JSON objects of the attributes of a partition's rows, which [AttributeShapes]
/// stores. Their keys are in the order in which they were sent. On any thread.
///
/// @param rows table of the rows
/// @param shapes table `(id, form, fixed)`
/// @param forms table `(id, keys, kinds, slots)`
/// @param dictionary table of the strings, `(id, value)`
/// @param values SQL of the columns `v1`, `v2` … of a row `r`
/// @param strings SQL of the columns `p1`, `p2` … of a row `r`
record AttributeJson(
    String rows,
    String shapes,
    String forms,
    String dictionary,
    List<String> values,
    List<String> strings) {
  private static final long NUMBER_MASK = (1L << AttributeLists.NUMBER_BITS) - 1;

  /// Names of the columns that [#parts()] gives.
  static final String PARTS = "shape, vals, strings, form, fixed, keys, kinds, places, texts";

  /// The same columns without a value.
  static final String NO_PARTS =
      "NULL::INTEGER AS shape, NULL::BIGINT[] AS vals, NULL::VARCHAR[] AS strings,"
          + " NULL::INTEGER[] AS form, NULL::BIGINT[][] AS fixed, NULL::VARCHAR[][] AS keys,"
          + " NULL::INTEGER[][] AS kinds, NULL::BIGINT[][] AS places, NULL::VARCHAR[] AS texts";

  /// The JSON of the columns of [#parts()]. The values that differ and those that rows of a shape
  /// have in common are one list, and the places of a form select from it.
  ///
  /// It may fail, as far as DuckDB knows, and so may conditions with a division or `lpad`. Neither
  /// passes the other, so such a condition has to come between the parts and this.
  static final String OF_PARTS =
      """
      '{' || array_to_string(list_transform(\
      list_select(vals || fixed[shape + 1], places[form[shape + 1]]), \
      lambda v, i: keys[form[shape + 1]][i] || CASE kinds[form[shape + 1]][i] \
      WHEN 0 THEN texts[v + 1] WHEN 1 THEN v::VARCHAR \
      WHEN 2 THEN to_json(strings[places[form[shape + 1]][i]])::VARCHAR \
      WHEN 3 THEN json(texts[v + 1] ->> '$')::VARCHAR \
      WHEN 4 THEN '"' || lower(lpad(hex(v), 16, '0')) || '"' \
      ELSE left(texts[(v >> %d) + 1], -1) || (v & %d)::VARCHAR || '"' END), ',') || '}'\
      """
          .formatted(AttributeLists.NUMBER_BITS, NUMBER_MASK);

  /// A relation `(row, json)` of the rows `r` that fit a condition: for few rows, since attributes
  /// are taken apart, joined with their strings and put together again.
  String joined(String condition) {
    return "SELECT e.row, '{' || string_agg(to_json(e.key)::VARCHAR || ':' || coalesce((CASE e.kind"
        + " WHEN 1 THEN to_json(e.v)"
        + " WHEN 2 THEN to_json(e.p) WHEN 3 THEN d.value::JSON"
        + " WHEN 4 THEN to_json(lower(lpad(hex(e.v), 16, '0')))"
        + " WHEN 5 THEN to_json(d.value || (e.v & "
        + NUMBER_MASK
        + ")::VARCHAR) ELSE to_json(d.value) END)::VARCHAR, 'null'), ',' ORDER BY e.place) || '}' AS json"
        + " FROM (SELECT r.rowid AS row, unnest(generate_series(1, len(form.keys))) AS place,"
        + " unnest(form.keys) AS key, unnest(form.kinds) AS kind,"
        + " unnest(list_transform(form.slots, lambda s: CASE WHEN s < 0 THEN shape.fixed[-s] ELSE "
        + list(values, "BIGINT")
        + "[s] END)) AS v, unnest(list_transform(form.slots, lambda s: "
        + list(strings, "VARCHAR")
        + "[s])) AS p FROM "
        + rows
        + " AS r JOIN "
        + shapes
        + " AS shape ON shape.id = r.shape JOIN "
        + forms
        + " AS form ON form.id = shape.form WHERE "
        + condition
        + ") AS e LEFT JOIN "
        + dictionary
        + " AS d ON d.id = CASE e.kind WHEN 0 THEN e.v WHEN 3 THEN e.v WHEN 5 THEN e.v >> "
        + AttributeLists.NUMBER_BITS
        + " END GROUP BY e.row";
  }

  /// A relation of one row: lists of everything that [#OF_PARTS] looks into, in the order of the
  /// ids, which begin at 0 and have no holes.
  ///
  /// It is to be joined by `LEFT JOIN … ON true`: an inner join DuckDB may begin with, and then it
  /// copies the lists for each row of the next table.
  String lists() {
    return "SELECT * FROM (SELECT list(form + 1 ORDER BY id) AS form, list(fixed ORDER BY id) AS"
        + " fixed FROM "
        + shapes
        + "), (SELECT list(list_transform(keys, lambda k: to_json(k)::VARCHAR || ':') ORDER BY id)"
        + " AS keys, list(kinds ORDER BY id) AS kinds, list(list_transform(slots, lambda s:"
        + " (CASE WHEN s < 0 THEN "
        + values.size()
        + " - s ELSE s END)::BIGINT) ORDER BY id) AS places FROM "
        + forms
        + "), (SELECT list(to_json(value)::VARCHAR ORDER BY id) AS texts FROM "
        + dictionary
        + ")";
  }

  /// Columns of what a row `r` that was joined with the lists `l` has instead of attributes.
  String parts() {
    return "r.shape, "
        + list(values, "BIGINT")
        + " AS vals, "
        + list(strings, "VARCHAR")
        + " AS strings, l.form, l.fixed, l.keys, l.kinds, l.places, l.texts";
  }

  private static String list(List<String> columns, String type) {
    return "([" + String.join(", ", columns) + "]::" + type + "[])";
  }
}
