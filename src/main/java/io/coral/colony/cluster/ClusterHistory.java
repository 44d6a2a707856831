package io.coral.colony.cluster;

import io.coral.answer.History;
import io.coral.answer.SentHandlers;
import io.coral.answer.SpanMessages;
import io.coral.answer.TimeSpan;
import io.coral.model.Role;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.colony.v1.ExemplarsQuestion;
import io.coral.rpc.colony.v1.OperationsQuestion;
import io.coral.rpc.colony.v1.PartRequest;
import io.coral.rpc.colony.v1.PartResponse;
import io.coral.rpc.colony.v1.TraceIds;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.LogRecord;
import io.coral.rpc.mesh.v1.MetricPoint;
import io.coral.rpc.mesh.v1.MetricSeries;
import io.coral.rpc.mesh.v1.QueryLogsRequest;
import io.coral.rpc.mesh.v1.QueryLogsResponse;
import io.coral.rpc.mesh.v1.QueryMetricsRequest;
import io.coral.rpc.mesh.v1.QueryMetricsResponse;
import io.coral.rpc.mesh.v1.QueryTelemetryRequest;
import io.coral.rpc.mesh.v1.QueryTelemetryResponse;
import io.coral.rpc.mesh.v1.TelemetrySpan;
import io.coral.storage.RankedTrace;
import io.coral.storage.RouteExemplars;
import io.coral.storage.SpanRow;
import io.coral.storage.SpanSearch;
import io.coral.storage.SumTable;
import io.coral.storage.SumsQuestion;
import io.coral.storage.Trace;
import io.coral.storage.TraceFilter;
import io.coral.storage.TraceQueries;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What all nodes of a colony have: each is asked for its part, and the parts are put together.
public final class ClusterHistory implements History {
  private static final int MOST_SPAN_BYTES = 4_000_000;

  /// What ends longer ago, nodes have.
  private static final long RECENT_NANOS = 60_000_000_000L;

  private final Scatter scatter;
  private final long nowNanos;
  private long earliestNanos;

  /// @param nowNanos Unix time of the question
  ClusterHistory(Scatter scatter, long nowNanos) {
    this.scatter = scatter;
    this.nowNanos = nowNanos;
    this.earliestNanos = nowNanos;
  }

  private List<PartResponse> ask(Consumer<PartRequest.Builder> question) {
    return ask(nowNanos, 0, question);
  }

  private List<PartResponse> ask(TimeSpan range, Consumer<PartRequest.Builder> question) {
    return ask(range.since(), range.until(), question);
  }

  /// @param sinceNanos where the time range begins that is asked for
  /// @param untilNanos where it ends, 0 = nothing of the last minute is wanted
  private List<PartResponse> ask(
      long sinceNanos, long untilNanos, Consumer<PartRequest.Builder> question) {
    earliestNanos = Math.min(earliestNanos, sinceNanos);
    PartRequest.Builder request =
        PartRequest.newBuilder()
            .setNowUnixNanos(nowNanos)
            .setFresh(untilNanos > nowNanos - RECENT_NANOS);
    question.accept(request);
    List<PartResponse> parts = scatter.ask(request);
    for (PartResponse part : parts) {
      if (part.getAnswerCase() == PartResponse.AnswerCase.INVALID) {
        throw new RpcException(RpcCode.INVALID_ARGUMENT, part.getInvalid());
      }
    }
    return parts;
  }

  @Override
  public boolean withAgents() {
    return true;
  }

  @Override
  public SumTable sums(SumsQuestion question) {
    SumTable table = new SumTable();
    ask(
            question.sinceNanos(),
            question.untilNanos(),
            request -> request.setSums(PartMessages.message(question)))
        .forEach(part -> PartMessages.addTo(table, part.getSums()));
    return table;
  }

  @Override
  public List<RankedTrace> list(TraceFilter filter) {
    return RankedTrace.first(
        ranked(
            ask(
                filter.sinceNanos(),
                filter.untilNanos(),
                request -> request.setTraces(PartMessages.message(filter)))),
        filter.limit());
  }

  @Override
  public List<RankedTrace> search(SpanSearch search) {
    return RankedTrace.first(
        ranked(
            ask(
                search.sinceNanos(),
                search.untilNanos(),
                request -> request.setSearch(PartMessages.message(search)))),
        search.limit());
  }

  private static List<RankedTrace> ranked(List<PartResponse> parts) {
    return parts.stream().flatMap(part -> PartMessages.ranked(part.getTraces()).stream()).toList();
  }

  @Override
  public List<Trace> traces(List<String> ids) {
    if (ids.isEmpty()) {
      return List.of();
    }
    List<List<Trace>> parts =
        ask(request -> request.setRead(TraceIds.newBuilder().addAllIds(ids))).stream()
            .map(part -> PartMessages.traces(part.getRead()))
            .toList();
    List<Trace> traces = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      int place = i;
      traces.add(
          merged(
              ids.get(i),
              parts.stream()
                  .filter(part -> part.size() == ids.size())
                  .map(part -> part.get(place))
                  .toList()));
    }
    return traces;
  }

  /// @param id what the trace is called unless a node knows better: it may be a part of another
  private Trace merged(String id, Collection<Trace> parts) {
    List<Trace> found = parts.stream().filter(part -> !part.spans().isEmpty()).toList();
    String name =
        found.stream().map(Trace::traceId).filter(each -> !each.equals(id)).findFirst().orElse(id);
    Trace trace = found.isEmpty() ? new Trace(id, List.of(), false) : Trace.merged(name, found);
    earliestNanos = Math.min(earliestNanos, start(trace));
    return trace;
  }

  /// When a trace began; what nobody has may have been at any time.
  private static long start(Trace trace) {
    return trace.spans().stream().mapToLong(SpanRow::startUnixNanos).min().orElse(0);
  }

  @Override
  public TraceQueries.Found find(String prefix) {
    List<TraceQueries.Found> parts =
        ask(request -> request.setFind(prefix)).stream()
            .map(part -> SpanMessages.found(part.getFound()))
            .toList();
    List<String> ids =
        parts.stream().flatMap(part -> part.traceIds().stream()).distinct().sorted().toList();
    if (ids.isEmpty()) {
      earliestNanos = 0;
      return new TraceQueries.Found(ids, null);
    }
    if (ids.size() > 1) {
      // Nodes may know the trace by the ids of its parts.
      List<Trace> whole = traces(ids);
      List<String> names = whole.stream().map(Trace::traceId).distinct().sorted().toList();
      return new TraceQueries.Found(names, names.size() == 1 ? whole.getFirst() : null);
    }
    return new TraceQueries.Found(
        ids,
        merged(
            ids.getFirst(),
            parts.stream().flatMap(part -> Stream.ofNullable(part.trace())).toList()));
  }

  @Override
  public Map<String, RouteExemplars> exemplars(
      String service, long sinceNanos, long untilNanos, Role role) {
    Map<String, RouteExemplars> merged = new HashMap<>();
    for (PartResponse part :
        ask(
            sinceNanos,
            untilNanos,
            request ->
                request.setExemplars(
                    ExemplarsQuestion.newBuilder()
                        .setService(service)
                        .setSinceUnixNanos(sinceNanos)
                        .setUntilUnixNanos(untilNanos)
                        .setRole(role.code())))) {
      PartMessages.exemplars(part.getExemplars())
          .forEach((route, each) -> merged.merge(route, each, RouteExemplars::with));
    }
    return merged;
  }

  @Override
  public List<String> services() {
    TreeSet<String> names = new TreeSet<>();
    ask(request -> request.setServices(true))
        .forEach(part -> names.addAll(part.getServices().getNamesList()));
    return List.copyOf(names);
  }

  @Override
  public List<SpanSearch.Operation> operations(String service, @Nullable Role role) {
    return ask(
            request ->
                request.setOperations(
                    OperationsQuestion.newBuilder()
                        .setService(service)
                        .setRole(PartMessages.code(role))))
        .stream()
        .flatMap(part -> PartMessages.operations(part.getOperations()).stream())
        .distinct()
        .sorted(
            Comparator.comparing(SpanSearch.Operation::name)
                .thenComparing(SpanSearch.Operation::role))
        .toList();
  }

  @Override
  public long logsOf(String traceId) {
    return ask(request -> request.setLogsOf(traceId)).stream()
        .mapToLong(PartResponse::getCount)
        .sum();
  }

  @Override
  public QueryTelemetryResponse telemetry(QueryTelemetryRequest request, long now) {
    List<QueryTelemetryResponse> parts =
        ask(
                TimeSpan.ofSeconds(request.getStartTime(), request.getEndTime(), nowNanos),
                question -> question.setTelemetry(request))
            .stream()
            .map(PartResponse::getTelemetry)
            .toList();
    // Beyond the last span of a part that is cut, that part is not known.
    long known =
        parts.stream()
            .filter(QueryTelemetryResponse::getCut)
            .mapToLong(part -> part.getSpans(part.getSpansCount() - 1).getStartUnixNanos())
            .min()
            .orElse(Long.MAX_VALUE);
    boolean cut = known < Long.MAX_VALUE;
    List<TelemetrySpan> spans =
        parts.stream()
            .flatMap(part -> part.getSpansList().stream())
            .filter(span -> span.getStartUnixNanos() <= known)
            .sorted(Comparator.comparingLong(TelemetrySpan::getStartUnixNanos))
            .toList();
    QueryTelemetryResponse.Builder response = QueryTelemetryResponse.newBuilder();
    long bytes = 0;
    int most = SentHandlers.maxSpans(request);
    for (TelemetrySpan span : spans) {
      bytes += span.getSerializedSize() + 5;
      if (response.getSpansCount() == most
          || (response.getSpansCount() > 0 && bytes > MOST_SPAN_BYTES)) {
        cut = true;
        break;
      }
      response.addSpans(span);
    }
    Completeness.Builder complete = completeness().toBuilder();
    if (cut) {
      complete.addGaps(SentHandlers.cutAt(response.getSpansCount()));
    }
    return response
        .setTotalSpans(response.getSpansCount())
        .setCut(cut)
        .setCompleteness(complete)
        .build();
  }

  @Override
  public QueryLogsResponse logs(QueryLogsRequest request, long now) {
    List<QueryLogsResponse> parts =
        ask(SentHandlers.range(request, nowNanos), question -> question.setLogs(request)).stream()
            .map(PartResponse::getLogs)
            .toList();
    SentHandlers.checkOneTrace(request, parts.stream().map(QueryLogsResponse::getTraceId).toList());
    List<LogRecord> records =
        parts.stream()
            .flatMap(part -> part.getRecordsList().stream())
            .sorted(Comparator.comparingLong(LogRecord::getTimeUnixNanos).reversed())
            .toList();
    int most = Math.min(records.size(), SentHandlers.maxLogs(request));
    QueryLogsResponse.Builder response =
        QueryLogsResponse.newBuilder()
            .addAllRecords(records.subList(0, most))
            .setCut(most < records.size() || parts.stream().anyMatch(QueryLogsResponse::getCut));
    if (records.isEmpty()) {
      TreeSet<String> services = new TreeSet<>();
      parts.forEach(part -> services.addAll(part.getKnownServicesList()));
      response.addAllKnownServices(services);
    }
    return response.setCompleteness(completeness()).build();
  }

  @Override
  public QueryMetricsResponse metrics(QueryMetricsRequest request, long now) {
    List<QueryMetricsResponse> parts =
        ask(
                TimeSpan.ofNanos(
                    request.getSinceUnixNanos(), request.getUntilUnixNanos(), nowNanos),
                question -> question.setMetrics(request))
            .stream()
            .map(PartResponse::getMetrics)
            .toList();
    List<MetricSeries> series =
        parts.stream()
            .flatMap(part -> part.getSeriesList().stream())
            .sorted(
                Comparator.comparing(MetricSeries::getServiceName)
                    .thenComparing(MetricSeries::getName)
                    .thenComparing(MetricSeries::getAttributes)
                    .thenComparing(MetricSeries::getResource)
                    .thenComparing(MetricSeries::getAgentId))
            .toList();
    QueryMetricsResponse.Builder response = QueryMetricsResponse.newBuilder();
    boolean cut =
        newest(series, SentHandlers.maxPoints(request), response)
            || parts.stream().anyMatch(QueryMetricsResponse::getCut);
    if (series.isEmpty()) {
      TreeSet<String> services = new TreeSet<>();
      TreeSet<String> names = new TreeSet<>();
      for (QueryMetricsResponse part : parts) {
        services.addAll(part.getKnownServicesList());
        names.addAll(part.getKnownNamesList());
      }
      response.addAllKnownServices(services).addAllKnownNames(names);
    }
    return response.setCut(cut).setCompleteness(completeness()).build();
  }

  /// Adds series with their newest points.
  ///
  /// @param most of all series together
  /// @return whether points are left out
  private static boolean newest(
      List<MetricSeries> series, int most, QueryMetricsResponse.Builder response) {
    TreeMap<Long, Integer> pointsByTime = new TreeMap<>(Comparator.reverseOrder());
    series.forEach(
        each ->
            each.getPointsList()
                .forEach(point -> pointsByTime.merge(point.getTimeUnixNanos(), 1, Integer::sum)));
    long since = Long.MIN_VALUE;
    int points = 0;
    for (Map.Entry<Long, Integer> each : pointsByTime.entrySet()) {
      if (points > 0 && points + each.getValue() > most) {
        break;
      }
      points += each.getValue();
      since = each.getKey();
    }
    boolean cut = false;
    for (MetricSeries each : series) {
      List<MetricPoint> kept = new ArrayList<>();
      for (MetricPoint point : each.getPointsList()) {
        if (point.getTimeUnixNanos() >= since) {
          kept.add(point);
        } else {
          cut = true;
        }
      }
      if (!kept.isEmpty()) {
        response.addSeries(each.toBuilder().clearPoints().addAllPoints(kept));
      }
    }
    return cut;
  }

  @Override
  public Completeness completeness() {
    return scatter.completeness(earliestNanos, nowNanos);
  }
}
