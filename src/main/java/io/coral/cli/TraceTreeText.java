package io.coral.cli;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/// A trace as a tree of text, one line a hop.
final class TraceTreeText {
  private static final int NODES_SHOWN = 5_000;
  // Beyond this, lines would be mostly indentation.
  private static final int LEVELS_DRAWN = 100;

  private final TraceDocument trace;
  private final boolean bothSpans;
  private final List<Line> lines = new ArrayList<>();

  /// @param level 0 for what stands at the left edge
  private record Line(int level, String text) {}

  private TraceTreeText(TraceDocument trace, boolean bothSpans) {
    this.trace = trace;
    this.bothSpans = bothSpans;
  }

  /// @param bothSpans whether the client's span of a hop has a line of its own
  static String of(TraceDocument trace, boolean bothSpans) {
    TraceTreeText tree = new TraceTreeText(trace, bothSpans);
    StringBuilder text = new StringBuilder();
    text.append("Trace ID: ").append(trace.traceId());
    text.append("\nDuration: ").append(Figures.millis(trace.durationNanos() / 1e6));
    text.append("\nSpans: ").append(trace.nodes().size());
    text.append("\nServices: ");
    text.append(TextTable.printable(String.join(", ", trace.services())));
    if (trace.logRecords() > 0) {
      text.append("\nLog records: ").append(trace.logRecords());
      text.append(" (coral query logs --trace-id ").append(trace.traceId()).append(')');
    }
    text.append("\n\nSpan Tree:\n");
    tree.addLines();
    tree.draw(text);
    int hidden = trace.nodes().size() - NODES_SHOWN;
    if (hidden > 0) {
      text.append("… ").append(hidden).append(" more spans\n");
    }
    return text.toString();
  }

  private void addLines() {
    // The level of the last node of each depth: children stand one below it.
    List<Integer> levels = new ArrayList<>();
    String missing = "";
    for (TraceDocument.Node node :
        trace.nodes().subList(0, Math.min(trace.nodes().size(), NODES_SHOWN))) {
      int depth = Math.clamp(node.depth(), 1, levels.size() + 1);
      levels.subList(depth - 1, levels.size()).clear();
      int level = depth == 1 ? 0 : levels.get(depth - 2) + 1;
      if (depth == 1) {
        if (!node.missingParent().isEmpty() && !node.missingParent().equals(missing)) {
          lines.add(new Line(0, "(parent span " + node.missingParent() + " not received)"));
        }
        missing = node.missingParent();
        level = missing.isEmpty() ? 0 : 1;
      }
      String mark = node.parentAmbiguous() ? " (parent ambiguous)" : "";
      TraceDocument.Span client = node.client();
      if (bothSpans && client != null) {
        lines.add(new Line(level, clientText(client, "") + mark));
        lines.add(new Line(++level, nodeText(node.span())));
      } else if (bothSpans && node.span().client()) {
        lines.add(new Line(level, clientText(node.span(), node.span().callee() + " ") + mark));
      } else {
        lines.add(new Line(level, nodeText(node.span()) + mark));
      }
      levels.add(level);
    }
  }

  private static String nodeText(TraceDocument.Span span) {
    return "%s (%s, %s%s)".formatted(span.callee(), duration(span), span.name(), failure(span));
  }

  private static String clientText(TraceDocument.Span span, String callee) {
    return "%s → %s%s (client, %s%s)"
        .formatted(span.service(), callee, span.name(), duration(span), failure(span));
  }

  private static String duration(TraceDocument.Span span) {
    return Figures.millis(span.durationNanos() / 1e6);
  }

  private static String failure(TraceDocument.Span span) {
    if (!span.error()) {
      return "";
    }
    return span.status() == 0 ? ", ERROR" : ", ERROR " + span.status();
  }

  private void draw(StringBuilder text) {
    BitSet last = lastSiblings();
    // Levels at which a line is still to come below the one being drawn.
    BitSet open = new BitSet();
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      if (line.level > LEVELS_DRAWN) {
        text.append("[level ").append(line.level).append("] ");
      } else if (line.level > 0) {
        for (int level = 1; level < line.level; level++) {
          text.append(open.get(level) ? "│  " : "   ");
        }
        text.append(last.get(i) ? "└─ " : "├─ ");
      }
      open.set(line.level, !last.get(i));
      text.append(TextTable.printable(line.text)).append('\n');
    }
  }

  private BitSet lastSiblings() {
    BitSet last = new BitSet();
    BitSet followed = new BitSet();
    for (int i = lines.size() - 1; i >= 0; i--) {
      int level = lines.get(i).level;
      last.set(i, !followed.get(level));
      followed.set(level);
      followed.clear(level + 1, Math.max(level + 1, followed.length()));
    }
    return last;
  }
}
