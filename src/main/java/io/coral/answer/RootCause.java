package io.coral.answer;

import io.coral.model.Role;
import io.coral.storage.SpanRow;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where the time of a trace went, in one phrase made of measured figures only.
///
/// The critical path is found as Jaeger does: from the end of the root back in time, always to the
/// child that ended last; what no child on the path covers is the time of the span itself.
final class RootCause {
  private static final double SHARE = 0.5;
  private static final int REPETITIONS = 5;

  private final long durationNanos;
  private final Map<Step, Long> selfNanos = new HashMap<>();

  /// A part of the path: a span's own time, or what lies between client and server.
  private record Step(TraceTree.Node node, boolean between) {}

  /// @param shiftNanos what to add to the times of the node's host
  private record Visit(TraceTree.Node node, long shiftNanos, long fromNanos, long untilNanos) {}

  private record Interval(TraceTree.Node node, long startNanos, long endNanos) {}

  private RootCause(long durationNanos) {
    this.durationNanos = durationNanos;
  }

  /// `payments-api POST /pay: 4.8s self time (92%), status 504`, `128 × GET /cards from orders-api
  /// (N+1), 1.1s total`, or that there is no single cause.
  static String of(TraceTree tree) {
    RootCause cause = new RootCause(Math.max(1, tree.durationNanos()));
    cause.walk(tree.roots());
    String phrase = cause.dominant();
    if (phrase == null) {
      phrase = cause.repetition(tree);
    }
    if (phrase != null) {
      return phrase;
    }
    long spread =
        cause.selfNanos.entrySet().stream()
            .filter(each -> each.getValue() > 0)
            .map(each -> each.getKey().node())
            .distinct()
            .count();
    return "no single cause: spread over " + spread + (spread == 1 ? " span" : " spans");
  }

  private void walk(List<TraceTree.Node> roots) {
    Deque<Visit> waiting = new ArrayDeque<>();
    // Several roots share a parent that was not seen; it gets the time that none of them covers.
    path(intervals(roots, 0), Long.MIN_VALUE, Long.MAX_VALUE)
        .forEach(
            root -> waiting.add(new Visit(root.node(), 0, root.startNanos(), root.endNanos())));
    while (!waiting.isEmpty()) {
      Visit visit = waiting.removeLast();
      TraceTree.Node node = visit.node();
      long from = visit.fromNanos();
      long until = visit.untilNanos();
      long shift = visit.shiftNanos();
      SpanRow client = node.client();
      if (client != null) {
        shift = node.shiftNanos();
        long served = Math.max(from, node.span().startUnixNanos() + shift);
        long answered = Math.min(until, node.span().endUnixNanos() + shift);
        if (answered > served) {
          add(new Step(node, true), until - from - (answered - served));
          from = served;
          until = answered;
        }
      }
      long own = until - from;
      for (Interval child : path(intervals(node.children(), shift), from, until)) {
        own -= child.endNanos() - child.startNanos();
        waiting.add(new Visit(child.node(), shift, child.startNanos(), child.endNanos()));
      }
      add(new Step(node, false), own);
    }
  }

  private void add(Step step, long nanos) {
    selfNanos.merge(step, nanos, Long::sum);
  }

  private static List<Interval> intervals(List<TraceTree.Node> nodes, long shiftNanos) {
    List<Interval> intervals = new ArrayList<>();
    for (TraceTree.Node node : nodes) {
      SpanRow first = node.first();
      intervals.add(
          new Interval(
              node, first.startUnixNanos() + shiftNanos, first.endUnixNanos() + shiftNanos));
    }
    return intervals;
  }

  /// Those on the path between two times, latest first.
  private static List<Interval> path(List<Interval> children, long fromNanos, long untilNanos) {
    List<Interval> latestFirst = new ArrayList<>(children);
    latestFirst.sort(Comparator.comparingLong(Interval::endNanos).reversed());
    List<Interval> path = new ArrayList<>();
    long cursor = untilNanos;
    for (Interval child : latestFirst) {
      // A child may outlive its parent by the time its last bytes take.
      long end = path.isEmpty() ? Math.min(child.endNanos(), untilNanos) : child.endNanos();
      long start = Math.max(child.startNanos(), fromNanos);
      if (end <= cursor && start < end) {
        path.add(new Interval(child.node(), start, end));
        cursor = start;
      }
    }
    return path;
  }

  private @Nullable String dominant() {
    Map.Entry<Step, Long> most = null;
    for (Map.Entry<Step, Long> each : selfNanos.entrySet()) {
      if (most == null || each.getValue() > most.getValue()) {
        most = each;
      }
    }
    if (most == null || most.getValue() < SHARE * durationNanos) {
      return null;
    }
    TraceTree.Node node = most.getKey().node();
    SpanRow span = node.span();
    SpanRow client = node.client();
    boolean between = most.getKey().between() && client != null;
    return (between && client != null ? client.service() + " → " : "")
        + callee(span)
        + " "
        + span.name()
        + ": "
        + duration(most.getValue())
        + (between ? " between client and server (" : " self time (")
        + Math.round(100.0 * most.getValue() / durationNanos)
        + "%)"
        + failure(span);
  }

  private static String failure(SpanRow span) {
    if (!span.error()) {
      return "";
    }
    return span.status() == 0 ? ", failed" : ", status " + span.status();
  }

  /// The service that was called, or its address when it is not observed.
  static String callee(SpanRow span) {
    String peer = span.attribute(SpanRow.PEER);
    boolean calls = span.role() == Role.CLIENT || span.role() == Role.PRODUCER;
    return calls && !peer.isEmpty() ? peer : span.service();
  }

  private @Nullable String repetition(TraceTree tree) {
    Repetition most = null;
    for (Repetition each : repetitions(tree)) {
      if (each.calls >= REPETITIONS
          && each.nanos >= SHARE * durationNanos
          && (most == null || each.nanos > most.nanos)) {
        most = each;
      }
    }
    return most == null
        ? null
        : "%d × %s from %s (N+1), %s total"
            .formatted(most.calls, most.operation, most.caller, duration(most.nanos));
  }

  /// Calls of one operation by one caller on behalf of one request.
  private static final class Repetition {
    private final String operation;
    private final String caller;
    private int calls;
    private long nanos;

    Repetition(String operation, String caller) {
      this.operation = operation;
      this.caller = caller;
    }
  }

  private static List<Repetition> repetitions(TraceTree tree) {
    List<Repetition> found = new ArrayList<>();
    for (TraceTree.Node parent : tree.nodes()) {
      Map<List<String>, Repetition> siblings = new HashMap<>();
      for (TraceTree.Node node : parent.children()) {
        String operation = node.span().name();
        Repetition repetition =
            siblings.computeIfAbsent(
                List.of(operation, callee(node.span())),
                _ -> new Repetition(operation, parent.span().service()));
        repetition.calls++;
        repetition.nanos += node.first().durationNanos();
      }
      found.addAll(siblings.values());
    }
    return found;
  }

  /// `0.4ms`, `12ms`, `1.2s`.
  private static String duration(long nanos) {
    double millis = nanos / 1e6;
    if (millis >= 999.5) {
      return String.format(Locale.ROOT, "%.1fs", millis / 1e3);
    }
    return millis >= 9.95
        ? Math.round(millis) + "ms"
        : String.format(Locale.ROOT, "%.1fms", millis).replace(".0ms", "ms");
  }
}
