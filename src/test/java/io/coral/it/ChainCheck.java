package io.coral.it;

import io.coral.model.HttpRequestHead;
import io.coral.model.LinkKey;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Compares stored spans with the chain that was called: request *n* is served by `a`, which calls
/// `b` with *n* (or with 10 *n* + *i*), which calls `c` with the same number.
final class ChainCheck {
  private final Map<Long, String> names = new HashMap<>();
  private final Set<String> roots = new HashSet<>();
  private final Map<String, String> parents = new HashMap<>();
  private final Map<String, Set<String>> traces = new HashMap<>();

  /// What was found.
  ///
  /// @param complete requests whose spans are all there, in one trace, with the right parents
  /// @param wrong spans with a parent that is not theirs
  /// @param ambiguous spans without parent that say so
  /// @param spans of the chain that were stored
  record Result(int complete, int wrong, int ambiguous, int spans, String firstProblem) {}

  private record Node(String trace, long id, long parent, String evidence) {}

  /// @param requests their numbers are 0 to this, without it
  /// @param fanOut calls of the first service for each request
  ChainCheck(int requests, int fanOut) {
    for (int n = 0; n < requests; n++) {
      String root = "a < " + n;
      roots.add(root);
      Set<String> all = new HashSet<>();
      add('a', n, root, all);
      for (int i = 0; i < fanOut; i++) {
        int m = fanOut == 1 ? n : 10 * n + i;
        add('b', m, "b < " + m, all);
        add('c', m, "c < " + m, all);
        expect(all, "a > " + m, root);
        expect(all, "b < " + m, "a > " + m);
        expect(all, "b > " + m, "b < " + m);
        expect(all, "c < " + m, "b > " + m);
      }
      traces.put(root, all);
    }
  }

  private void add(char letter, int number, String name, Set<String> all) {
    names.put(hash(letter, number), letter + " " + number);
    all.add(name);
  }

  private void expect(Set<String> all, String name, String parent) {
    all.add(name);
    parents.put(name, parent);
  }

  private static long hash(char letter, int number) {
    return LinkKey.requestHash(new HttpRequestHead("GET", "/" + letter + "/" + number, "", null));
  }

  /// Spans that a whole run leaves.
  int expectedSpans() {
    return parents.size() + roots.size();
  }

  /// Reads the database of an agent or a colony.
  Result read(CoralProcess coral, Path directory) throws IOException, SQLException {
    Map<String, Node> nodes = new HashMap<>();
    Map<Long, String> nameOfSpan = new HashMap<>();
    int ambiguous = 0;
    int twice = 0;
    try (Snapshot snapshot = Snapshot.of(coral, directory)) {
      for (List<@Nullable Object> row :
          snapshot.rows(
              "SELECT v.trace_id, ('0x' || v.span_id)::UBIGINT::VARCHAR,"
                  + " ('0x' || coalesce(v.parent_span_id, '0'))::UBIGINT::VARCHAR, r.service,"
                  + " r.role, r.request_hash, r.evidence FROM beyla_traces v JOIN traces_rows r ON"
                  + " lower(lpad(hex(r.span_id), 16, '0')) = v.span_id")) {
        String called = names.get(number(row.get(5)));
        if (called == null) {
          continue;
        }
        // A client's span is named by its own service and the number that it calls with.
        boolean server = number(row.get(4)) == 1;
        String name = row.get(3) + (server ? " < " : " > ") + called.substring(2);
        Node node =
            new Node(
                String.valueOf(row.get(0)),
                Long.parseUnsignedLong(String.valueOf(row.get(1))),
                Long.parseUnsignedLong(String.valueOf(row.get(2))),
                String.valueOf(row.get(6)));
        twice += nodes.put(name, node) == null ? 0 : 1;
        nameOfSpan.put(node.id, name);
        ambiguous += node.evidence.equals("ambiguous") ? 1 : 0;
      }
    }
    return judge(nodes, nameOfSpan, ambiguous, twice);
  }

  private Result judge(
      Map<String, Node> nodes, Map<Long, String> nameOfSpan, int ambiguous, int twice) {
    int wrong = twice;
    String problem = twice == 0 ? "" : twice + " spans are there twice";
    for (Map.Entry<String, Node> entry : nodes.entrySet()) {
      Node node = entry.getValue();
      String parent = nameOfSpan.getOrDefault(node.parent, "nobody");
      if (node.parent != 0 && !parent.equals(parents.getOrDefault(entry.getKey(), ""))) {
        wrong++;
        problem = entry.getKey() + " is below " + parent + " by " + node.evidence;
      }
    }
    int complete = 0;
    for (Map.Entry<String, Set<String>> trace : traces.entrySet()) {
      String missing = missing(trace.getKey(), trace.getValue(), nodes, nameOfSpan);
      complete += missing.isEmpty() ? 1 : 0;
      problem = problem.isEmpty() ? missing : problem;
    }
    return new Result(complete, wrong, ambiguous, nodes.size(), problem);
  }

  private String missing(
      String root, Set<String> all, Map<String, Node> nodes, Map<Long, String> nameOfSpan) {
    Node top = nodes.get(root);
    if (top == null) {
      return root + " is not stored";
    }
    for (String name : all) {
      Node node = nodes.get(name);
      if (node == null) {
        return name + " is not stored";
      }
      String parent = node.parent == 0 ? "" : nameOfSpan.getOrDefault(node.parent, "nobody");
      if (!parent.equals(parents.getOrDefault(name, "")) || !node.trace.equals(top.trace)) {
        return name + " is below '" + parent + "' (" + node.evidence + ")";
      }
    }
    return "";
  }

  private static long number(@Nullable Object value) {
    return value instanceof Number number ? number.longValue() : -1;
  }
}
