package io.coral.answer;

import io.coral.model.Evidence;
import io.coral.model.Role;
import io.coral.storage.SpanRow;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The hops of a trace as a tree: the span of a client is folded into that of the server it
/// reached, so that a request is one node.
///
/// Spans may be missing, come twice under one id or name each other as parents; every span is in
/// the tree exactly once. Nothing here recurses, because a trace may be as deep as it has spans.
final class TraceTree {
  /// A hop.
  static final class Node {
    private final SpanRow span;
    private final @Nullable SpanRow client;
    private final List<Node> children = new ArrayList<>();
    private @Nullable Node parent;
    private int depth = 1;
    private long shiftNanos;

    private Node(SpanRow span, @Nullable SpanRow client) {
      this.span = span;
      this.client = client;
    }

    /// What the server saw of the request, or its client when the server was not observed.
    SpanRow span() {
      return span;
    }

    /// The client's span when the server's is [#span()].
    @Nullable SpanRow client() {
      return client;
    }

    /// By start.
    List<Node> children() {
      return children;
    }

    /// 1 for a root.
    int depth() {
      return depth;
    }

    /// What to add to the times of [#span()] to have them on the clock of the root's host.
    long shiftNanos() {
      return shiftNanos;
    }

    /// What to add to the times of [#first()].
    private long callerShiftNanos() {
      return parent == null ? 0 : parent.shiftNanos;
    }

    /// The span whose parent is the node's parent.
    SpanRow first() {
      return client == null ? span : client;
    }

    /// Whether there were several candidates for the parent of a root.
    boolean parentAmbiguous() {
      return parent == null
          && first().attribute(SpanRow.EVIDENCE).equals(Evidence.AMBIGUOUS.text());
    }

    /// Id of the parent that was not received; empty for a child and for a true root.
    String missingParent() {
      return parent == null && first().attribute(SpanRow.PARENT_MISSING).equals("true")
          ? first().parentSpanId()
          : "";
    }
  }

  private static final Comparator<Node> BY_START =
      Comparator.<Node>comparingLong(node -> node.first().startUnixNanos())
          .thenComparing(node -> node.first().spanId());

  private final List<Node> roots = new ArrayList<>();
  private final List<Node> nodes = new ArrayList<>();
  private final long startUnixNanos;
  private final long endUnixNanos;

  /// @param spans of one trace, by start; not empty
  TraceTree(List<SpanRow> spans) {
    Map<String, SpanRow> byId = new HashMap<>();
    spans.forEach(span -> byId.putIfAbsent(span.spanId(), span));
    // By identity: what is equal may still have come twice.
    IdentityHashMap<SpanRow, SpanRow> serverOf = new IdentityHashMap<>();
    IdentityHashMap<SpanRow, SpanRow> clientOf = new IdentityHashMap<>();
    for (SpanRow span : spans) {
      SpanRow parent = byId.get(span.parentSpanId());
      if (isServer(span) && parent != null && parent.role() == Role.CLIENT) {
        if (serverOf.putIfAbsent(parent, span) == null) {
          clientOf.put(span, parent);
        }
      }
    }
    IdentityHashMap<SpanRow, Node> nodeOf = new IdentityHashMap<>();
    for (SpanRow span : spans) {
      if (!serverOf.containsKey(span)) {
        Node node = new Node(span, clientOf.get(span));
        nodeOf.put(span, node);
        nodeOf.put(node.first(), node);
      }
    }
    List<Node> all = spans.stream().map(nodeOf::get).filter(Objects::nonNull).distinct().toList();
    all = all.stream().sorted(BY_START).toList();
    for (Node node : all) {
      SpanRow parent = byId.get(node.first().parentSpanId());
      // A further server that the same client reached, say by a retry, is a sibling of the first.
      if (parent != null && isServer(node.first()) && serverOf.containsKey(parent)) {
        parent = byId.get(parent.parentSpanId());
      }
      Node at = parent == null ? null : nodeOf.get(parent);
      if (at != null) {
        node.parent = at;
        at.children.add(node);
      }
    }
    breakCircles(all);
    all.stream().filter(node -> node.parent == null).forEach(roots::add);
    order();
    startUnixNanos =
        nodes.stream()
            .mapToLong(node -> node.first().startUnixNanos() + node.callerShiftNanos())
            .min()
            .orElse(0);
    endUnixNanos =
        nodes.stream()
            .mapToLong(
                node ->
                    Math.max(
                        node.first().endUnixNanos() + node.callerShiftNanos(),
                        node.span().endUnixNanos() + node.shiftNanos))
            .max()
            .orElse(0);
  }

  /// The clocks of hosts differ: a server's span that does not lie inside its client's is moved to
  /// the middle of it.
  private static long skew(@Nullable SpanRow client, SpanRow server) {
    if (client == null
        || (server.startUnixNanos() >= client.startUnixNanos()
            && server.endUnixNanos() <= client.endUnixNanos())) {
      return 0;
    }
    long middle = client.startUnixNanos() + client.durationNanos() / 2;
    return middle - (server.startUnixNanos() + server.durationNanos() / 2);
  }

  private static boolean isServer(SpanRow span) {
    return span.role() == Role.SERVER;
  }

  /// What no root leads to names itself as an ancestor; its first node becomes a root.
  private static void breakCircles(List<Node> all) {
    Set<Node> reached = Collections.newSetFromMap(new IdentityHashMap<>());
    all.stream().filter(node -> node.parent == null).forEach(root -> reach(root, reached));
    for (Node node : all) {
      if (!reached.contains(node)) {
        if (node.parent != null) {
          node.parent.children.remove(node);
          node.parent = null;
        }
        reach(node, reached);
      }
    }
  }

  private static void reach(Node root, Set<Node> reached) {
    Deque<Node> waiting = new ArrayDeque<>(List.of(root));
    while (!waiting.isEmpty()) {
      Node node = waiting.removeLast();
      if (reached.add(node)) {
        waiting.addAll(node.children);
      }
    }
  }

  private void order() {
    // Orphans of one parent stand together.
    Map<String, List<Node>> groups = new LinkedHashMap<>();
    for (Node root : roots) {
      String missing = root.missingParent();
      String group = missing.isEmpty() ? "root " + root.first().spanId() : missing;
      groups.computeIfAbsent(group, _ -> new ArrayList<>()).add(root);
    }
    Deque<Node> waiting = new ArrayDeque<>();
    groups.values().forEach(waiting::addAll);
    while (!waiting.isEmpty()) {
      Node node = waiting.removeFirst();
      nodes.add(node);
      node.shiftNanos = node.callerShiftNanos() + skew(node.client, node.span);
      for (Node child : node.children.reversed()) {
        child.depth = node.depth + 1;
        waiting.addFirst(child);
      }
    }
  }

  /// By start; at least one.
  List<Node> roots() {
    return roots;
  }

  /// Parents before their children.
  List<Node> nodes() {
    return nodes;
  }

  long startUnixNanos() {
    return startUnixNanos;
  }

  /// From the first start to the last end, whoever saw them, on the clock of the root's host.
  long durationNanos() {
    return endUnixNanos - startUnixNanos;
  }

  /// In the order of their appearance; last those that only sent a request to a root.
  Set<String> services() {
    Set<String> services = new LinkedHashSet<>();
    nodes.forEach(node -> services.add(node.span().service()));
    nodes.forEach(node -> services.add(node.first().service()));
    return services;
  }

  /// Whether any request of the trace failed.
  boolean error() {
    return nodes.stream().anyMatch(node -> node.span().error() || node.first().error());
  }
}
