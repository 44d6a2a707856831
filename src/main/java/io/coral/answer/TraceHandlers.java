package io.coral.answer;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.mesh.v1.BeylaTraceSpan;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.GetTraceRequest;
import io.coral.rpc.mesh.v1.GetTraceResponse;
import io.coral.rpc.mesh.v1.ListTracesRequest;
import io.coral.rpc.mesh.v1.ListTracesResponse;
import io.coral.rpc.mesh.v1.TraceNode;
import io.coral.rpc.mesh.v1.TraceSummary;
import io.coral.storage.RankedTrace;
import io.coral.storage.SpanRow;
import io.coral.storage.TelemetryQueries;
import io.coral.storage.Trace;
import io.coral.storage.TraceFilter;
import io.coral.storage.TraceQueries;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;

/// Answers about traces; every method blocks.
final class TraceHandlers {
  private static final int TRACES_AT_ONCE = 250;

  private final History history;

  TraceHandlers(History history) {
    this.history = history;
  }

  /// @param limit how many traces are listed
  ListTracesResponse list(ListTracesRequest request, long since, long until, int limit) {
    ListTracesResponse.Builder response = ListTracesResponse.newBuilder();
    String[] words = request.getRoute().strip().split(" +", 2);
    String method = words.length == 2 ? words[0].toUpperCase(Locale.ROOT) : "";
    String route = words[words.length - 1];
    long slowerThan = request.getSlowerThanNanos();
    String percentile = request.getSlowerThanPercentile();
    if (!percentile.isEmpty()) {
      slowerThan =
          new TelemetryQueries(history)
              .slowNanos(
                  request.getServiceName(), method, route, since, until, quantile(percentile));
      if (slowerThan < 0) {
        return response.setCompleteness(history.completeness()).build();
      }
      response.setSlowerThanNanos(slowerThan);
    }
    boolean slow = !percentile.isEmpty() || request.getSlowerThanNanos() > 0;
    TraceFilter filter =
        new TraceFilter(
            request.getServiceName().isEmpty() ? List.of() : List.of(request.getServiceName()),
            method,
            route,
            slow ? Math.max(1, slowerThan) : 0,
            request.getMinDurationNanos(),
            since,
            until,
            order(slow, request.getMinDurationNanos()),
            limit);
    List<TraceSummary> summaries = summaries(RankedTrace.ids(history.list(filter)));
    // Picked by single spans, listed by what is printed.
    summaries.sort(
        Comparator.comparingLong(
                filter.order() == TraceFilter.Order.NEWEST
                    ? TraceSummary::getStartUnixNanos
                    : TraceSummary::getDurationNanos)
            .reversed());
    return response.addAllTraces(summaries).setCompleteness(history.completeness()).build();
  }

  private static TraceFilter.Order order(boolean slow, long minDurationNanos) {
    if (slow) {
      return TraceFilter.Order.SLOWEST_SPAN;
    }
    return minDurationNanos > 0 ? TraceFilter.Order.SLOWEST : TraceFilter.Order.NEWEST;
  }

  private static double quantile(String percentile) {
    return switch (percentile) {
      case "p50" -> 0.50;
      case "p90" -> 0.90;
      case "p95" -> 0.95;
      case "p99" -> 0.99;
      default ->
          throw new RpcException(
              RpcCode.INVALID_ARGUMENT,
              "slower_than_percentile: \"" + percentile + "\" (expected: p50, p90, p95 or p99)");
    };
  }

  private List<TraceSummary> summaries(List<String> ids) {
    List<TraceSummary> summaries = new ArrayList<>();
    for (int at = 0; at < ids.size(); at += TRACES_AT_ONCE) {
      List<String> some = ids.subList(at, Math.min(ids.size(), at + TRACES_AT_ONCE));
      for (Trace trace : history.traces(some)) {
        if (!trace.spans().isEmpty()) {
          summaries.add(summary(trace));
        }
      }
    }
    return summaries;
  }

  private static TraceSummary summary(Trace trace) {
    TraceTree tree = new TraceTree(trace.spans());
    SpanRow root = tree.roots().getFirst().span();
    return TraceSummary.newBuilder()
        .setTraceId(trace.traceId())
        .setStartUnixNanos(tree.startUnixNanos())
        .setDurationNanos(tree.durationNanos())
        .setSpans(tree.nodes().size())
        .setStatusCode(root.status())
        .setError(tree.error())
        .setRootService(root.service())
        .setRootOperation(root.name())
        .setServices(tree.services().size())
        .setRootCause(rootCause(trace, tree))
        .build();
  }

  private static String rootCause(Trace trace, TraceTree tree) {
    return trace.cut()
        ? "not known: the trace has more than " + trace.spans().size() + " spans"
        : RootCause.of(tree);
  }

  /// @param found what was found of the id asked for
  GetTraceResponse get(GetTraceRequest request, TraceFinder.Found found) {
    Trace trace = checked(request.getTraceId(), found.traces());
    if (trace.spans().isEmpty()) {
      throw new RpcException(
          RpcCode.NOT_FOUND,
          "no span of a trace \""
              + request.getTraceId()
              + "\" is stored"
              + whoDidNotAnswer(found.completeness(history)));
    }
    TraceTree tree = new TraceTree(trace.spans());
    long logRecords = history.logsOf(trace.traceId());
    Completeness.Builder known = found.completeness(history).toBuilder();
    if (trace.cut()) {
      known.addGaps("the trace has more spans than the " + trace.spans().size() + " shown");
    }
    GetTraceResponse.Builder response =
        GetTraceResponse.newBuilder()
            .setTraceId(trace.traceId())
            .setStartUnixNanos(tree.startUnixNanos())
            .setDurationNanos(tree.durationNanos())
            .addAllServices(tree.services())
            .setRootCause(rootCause(trace, tree))
            .setLogRecords(logRecords)
            .setCompleteness(known);
    IdentityHashMap<SpanRow, Integer> places = new IdentityHashMap<>();
    for (SpanRow span : trace.spans()) {
      places.put(span, places.size());
      response.addSpans(message(span));
    }
    for (TraceTree.Node node : tree.nodes()) {
      SpanRow client = node.client();
      response.addNodes(
          TraceNode.newBuilder()
              .setDepth(node.depth())
              .setSpan(places.getOrDefault(node.span(), 0))
              .setClientSpan(client == null ? 0 : 1 + places.getOrDefault(client, 0))
              .setMissingParent(node.missingParent())
              .setParentAmbiguous(node.parentAmbiguous()));
    }
    if (request.getOtlp()) {
      response.setOtlp(OtlpJson.traces(List.of(trace)).toString());
    }
    return response.build();
  }

  /// What is to be said when something was not found; empty when all were asked.
  static String whoDidNotAnswer(Completeness known) {
    int silent = known.getAgentsTotal() - known.getAgentsAnswered();
    return silent == 0
        ? ""
        : ", but "
            + silent
            + " of "
            + known.getAgentsTotal()
            + " agents did not answer: "
            + String.join("; ", known.getGapsList());
  }

  private Trace find(String text) {
    return checked(text, history.find(TraceIds.digits(text)));
  }

  private static Trace checked(String text, TraceQueries.Found found) {
    TraceIds.checkOne(text, found.traceIds());
    Trace trace = found.trace();
    return trace == null ? new Trace("", List.of(), false) : trace;
  }

  /// The spans of one trace; empty when it is unknown.
  ///
  /// @param text see [TraceIds]
  List<SpanRow> spans(String text) {
    return find(text).spans();
  }

  /// The spans of the newest traces of some services, or of all.
  List<SpanRow> newestSpans(List<String> services, long since, long until, int maxTraces) {
    List<String> ids =
        RankedTrace.ids(history.list(TraceFilter.newest(services, since, until, maxTraces)));
    return history.traces(ids).stream().flatMap(trace -> trace.spans().stream()).toList();
  }

  static BeylaTraceSpan message(SpanRow span) {
    return BeylaTraceSpan.newBuilder()
        .setTraceId(span.traceId())
        .setSpanId(span.spanId())
        .setParentSpanId(span.parentSpanId())
        .setServiceName(span.service())
        .setSpanName(span.name())
        .setSpanKind(span.role().label())
        .setStartTime(
            Timestamp.newBuilder()
                .setSeconds(Math.floorDiv(span.startUnixNanos(), 1_000_000_000L))
                .setNanos((int) Math.floorMod(span.startUnixNanos(), 1_000_000_000L)))
        .setDuration(
            Duration.newBuilder()
                .setSeconds(span.durationNanos() / 1_000_000_000L)
                .setNanos((int) (span.durationNanos() % 1_000_000_000L)))
        .setStatusCode(span.status())
        .putAllAttributes(span.attributes())
        .build();
  }
}
