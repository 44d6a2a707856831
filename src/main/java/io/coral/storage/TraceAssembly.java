package io.coral.storage;

import io.coral.model.Role;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Makes a trace of the spans that were found of it, in whatever order and however often.
///
/// What an application reports of a request and what was captured of the same request are one
/// span: the application's, which knows more. The captured one is its double when service and role
/// are the same, the times overlap, and it has the same parent or is itself the child of that span
/// (which is what a header with the id of the client's span leads to). Children of a double belong
/// to the span that stays.
final class TraceAssembly {
  // A client's span begins no later than its server's.
  private static final Comparator<SpanRow> BY_START =
      Comparator.comparingLong(SpanRow::startUnixNanos)
          .thenComparing(SpanRow::role, Comparator.reverseOrder())
          .thenComparing(SpanRow::spanId);

  private final Map<String, List<SpanRow>> sentByParent = new HashMap<>();
  private final Map<String, SpanRow> sentById = new HashMap<>();
  private final Map<String, String> stays = new HashMap<>();
  private final Set<String> doubled = new HashSet<>();

  private TraceAssembly() {}

  /// The spans of one trace by start; those whose parent is not among them say so.
  static List<SpanRow> of(Collection<SpanRow> found) {
    return new TraceAssembly().assembled(found);
  }

  private List<SpanRow> assembled(Collection<SpanRow> found) {
    List<SpanRow> spans = new ArrayList<>();
    Set<List<Object>> seen = new HashSet<>();
    for (SpanRow span : found) {
      // What two agents saw, or was sent twice, is one span. Ends of a hop may share an id.
      List<Object> identity =
          span.sent() == null
              ? List.of(span.spanId(), span.role(), span.service(), span.startUnixNanos())
              : List.of(span.spanId(), span.role());
      if (seen.add(identity)) {
        spans.add(span);
      }
    }
    spans.sort(BY_START);
    List<SpanRow> kept = spans;
    if (spans.stream().anyMatch(span -> span.sent() != null)
        && spans.stream().anyMatch(span -> span.sent() == null)) {
      kept = withoutDoubles(spans);
    }
    return marked(kept);
  }

  private List<SpanRow> withoutDoubles(List<SpanRow> spans) {
    for (SpanRow span : spans) {
      if (span.sent() != null) {
        sentById.putIfAbsent(span.spanId(), span);
        sentByParent.computeIfAbsent(span.parentSpanId(), _ -> new ArrayList<>()).add(span);
      }
    }
    List<SpanRow> kept = new ArrayList<>();
    for (SpanRow span : spans) {
      SpanRow original = span.sent() == null ? original(span) : null;
      if (original == null) {
        kept.add(span);
      } else {
        stays.put(span.spanId(), original.spanId());
      }
    }
    return kept.stream()
        .map(
            span -> {
              String parent = stays.getOrDefault(span.parentSpanId(), span.parentSpanId());
              return parent.equals(span.parentSpanId()) || parent.equals(span.spanId())
                  ? span
                  : span.withParent(parent, span.attributes());
            })
        .toList();
  }

  /// The span that an application sent of what was captured, null when there is none.
  private @Nullable SpanRow original(SpanRow captured) {
    String parentId = stays.getOrDefault(captured.parentSpanId(), captured.parentSpanId());
    SpanRow parent = sentById.get(parentId);
    if (parent != null && isDouble(captured, parent)) {
      return parent;
    }
    SpanRow same = sentById.get(captured.spanId());
    if (same != null && isDouble(captured, same)) {
      return same;
    }
    SpanRow nearest = null;
    for (SpanRow sibling : sentByParent.getOrDefault(parentId, List.of())) {
      if (isDouble(captured, sibling)
          && !doubled.contains(sibling.spanId())
          && (nearest == null || distance(captured, sibling) < distance(captured, nearest))) {
        nearest = sibling;
      }
    }
    if (nearest != null) {
      doubled.add(nearest.spanId());
    }
    return nearest;
  }

  private static long distance(SpanRow one, SpanRow other) {
    return Math.abs(one.startUnixNanos() - other.startUnixNanos());
  }

  private static boolean isDouble(SpanRow captured, SpanRow sent) {
    return captured.role() == sent.role()
        && (captured.role() == Role.SERVER || captured.role() == Role.CLIENT)
        && captured.service().equals(sent.service())
        && captured.startUnixNanos() <= sent.endUnixNanos()
        && sent.startUnixNanos() <= captured.endUnixNanos();
  }

  private static List<SpanRow> marked(List<SpanRow> spans) {
    Set<String> ids = spans.stream().map(SpanRow::spanId).collect(Collectors.toSet());
    List<SpanRow> marked = new ArrayList<>();
    for (SpanRow span : spans) {
      boolean missing = !span.parentSpanId().isEmpty() && !ids.contains(span.parentSpanId());
      boolean said = !span.attribute(SpanRow.PARENT_MISSING).isEmpty();
      if (missing == said) {
        marked.add(span);
        continue;
      }
      Map<String, String> attributes = new HashMap<>(span.attributes());
      if (missing) {
        attributes.put(SpanRow.PARENT_MISSING, "true");
      } else {
        attributes.remove(SpanRow.PARENT_MISSING);
      }
      marked.add(span.withParent(span.parentSpanId(), attributes));
    }
    return marked;
  }
}
