package io.coral.answer;

import com.google.protobuf.Message;
import io.coral.histogram.Bounds;
import io.coral.model.Role;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.RpcService;
import io.coral.rpc.mesh.v1.BeylaHttpMetric;
import io.coral.rpc.mesh.v1.BeylaMetricType;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.GetTraceRequest;
import io.coral.rpc.mesh.v1.GetTraceResponse;
import io.coral.rpc.mesh.v1.HttpStatistics;
import io.coral.rpc.mesh.v1.ListServicesRequest;
import io.coral.rpc.mesh.v1.ListServicesResponse;
import io.coral.rpc.mesh.v1.ListTracesRequest;
import io.coral.rpc.mesh.v1.ListTracesResponse;
import io.coral.rpc.mesh.v1.QueryBeylaMetricsRequest;
import io.coral.rpc.mesh.v1.QueryBeylaMetricsResponse;
import io.coral.rpc.mesh.v1.QueryHttpRequest;
import io.coral.rpc.mesh.v1.QueryHttpResponse;
import io.coral.rpc.mesh.v1.QueryLogsRequest;
import io.coral.rpc.mesh.v1.QueryLogsResponse;
import io.coral.rpc.mesh.v1.QueryMetricsRequest;
import io.coral.rpc.mesh.v1.QueryMetricsResponse;
import io.coral.rpc.mesh.v1.QueryTelemetryRequest;
import io.coral.rpc.mesh.v1.QueryTelemetryResponse;
import io.coral.rpc.mesh.v1.ServiceSummary;
import io.coral.storage.HttpAnswer;
import io.coral.storage.HttpWindow;
import io.coral.storage.SentQueries;
import io.coral.storage.ServiceRow;
import io.coral.storage.SpanRow;
import io.coral.storage.TelemetryQueries;
import io.coral.storage.TraceQueries;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Binds the common questions to a service.
public final class QueryHandlers {
  private static final long HOUR_NANOS = 3_600_000_000_000L;
  private static final int DEFAULT_TRACES = 100;
  private static final int MAX_TRACES = 1000;
  private static final int DEFAULT_LISTED = 20;

  private final Vertx vertx;
  private final TelemetryQueries queries;
  private final TraceQueries traceQueries;
  private final TraceFinder finder;
  private final TraceHandlers traces;
  private final SentHandlers sent;
  private final Supplier<Completeness> completeness;
  private final Supplier<List<String>> knownServices;
  private final Clock clock;

  /// @param finder finds the trace that is asked for by its id
  /// @param numbers of an agent's spans; null in a colony
  /// @param completeness how much stands behind an answer; asked on a worker thread
  /// @param knownServices observed services that may have no traffic yet; safe on any thread
  public QueryHandlers(
      Vertx vertx,
      TelemetryQueries queries,
      TraceQueries traceQueries,
      TraceFinder finder,
      SentQueries sentQueries,
      @Nullable SpanNumbers numbers,
      Supplier<Completeness> completeness,
      Supplier<List<String>> knownServices,
      Clock clock) {
    this.vertx = vertx;
    this.queries = queries;
    this.traceQueries = traceQueries;
    this.finder = finder;
    this.traces = new TraceHandlers(queries, traceQueries, sentQueries, completeness);
    this.sent = new SentHandlers(sentQueries, numbers, completeness);
    this.completeness = completeness;
    this.knownServices = knownServices;
    this.clock = clock;
  }

  /// Adds QueryBeylaMetrics, QueryHttp, ListTraces, GetTrace, ListServices, QueryTelemetry,
  /// QueryLogs and QueryMetrics.
  public RpcService bind(RpcService service) {
    return service
        .unary(
            "QueryBeylaMetrics",
            QueryBeylaMetricsRequest.getDefaultInstance(),
            QueryBeylaMetricsResponse.getDefaultInstance(),
            request -> onWorker(() -> beylaMetrics(request)))
        .unary(
            "QueryHttp",
            QueryHttpRequest.getDefaultInstance(),
            QueryHttpResponse.getDefaultInstance(),
            request -> onWorker(() -> http(request)))
        .unary(
            "ListTraces",
            ListTracesRequest.getDefaultInstance(),
            ListTracesResponse.getDefaultInstance(),
            request -> onWorker(() -> listTraces(request)))
        .unary(
            "GetTrace",
            GetTraceRequest.getDefaultInstance(),
            GetTraceResponse.getDefaultInstance(),
            request ->
                finder
                    .find(TraceIds.digits(request.getTraceId()))
                    .compose(found -> onWorker(() -> traces.get(request, found))))
        .unary(
            "ListServices",
            ListServicesRequest.getDefaultInstance(),
            ListServicesResponse.getDefaultInstance(),
            request -> onWorker(() -> services(request)))
        .unary(
            "QueryTelemetry",
            QueryTelemetryRequest.getDefaultInstance(),
            QueryTelemetryResponse.getDefaultInstance(),
            request -> onWorker(() -> sent.telemetry(request, nowNanos())))
        .unary(
            "QueryLogs",
            QueryLogsRequest.getDefaultInstance(),
            QueryLogsResponse.getDefaultInstance(),
            request -> onWorker(() -> sent.logs(request, nowNanos())))
        .unary(
            "QueryMetrics",
            QueryMetricsRequest.getDefaultInstance(),
            QueryMetricsResponse.getDefaultInstance(),
            request -> onWorker(() -> sent.metrics(request, nowNanos())));
  }

  private <T extends Message> Future<T> onWorker(Callable<T> work) {
    return vertx.executeBlocking(work, false);
  }

  private long nowNanos() {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private QueryHttpResponse http(QueryHttpRequest request) {
    TimeSpan range =
        TimeSpan.ofNanos(request.getSinceUnixNanos(), request.getUntilUnixNanos(), nowNanos());
    long since = range.since();
    long until = range.until();
    Role role =
        switch (request.getRole()) {
          case "", "server" -> Role.SERVER;
          case "client" -> Role.CLIENT;
          default ->
              throw new RpcException(
                  RpcCode.INVALID_ARGUMENT,
                  "role: \"" + request.getRole() + "\" (expected: server or client)");
        };
    HttpAnswer answer = queries.http(request.getServiceName(), since, until, role);
    QueryHttpResponse.Builder response =
        QueryHttpResponse.newBuilder()
            .setServiceName(request.getServiceName())
            .setSinceUnixNanos(since)
            .setUntilUnixNanos(until)
            .setOverall(statistics(answer.overall()))
            .setCompleteness(completeness.get());
    Map<String, List<String>> exemplars =
        request.getWithoutExemplars()
            ? Map.of()
            : traceQueries.exemplars(request.getServiceName(), since, until, role);
    for (HttpAnswer.Statistics route : answer.routes()) {
      String key = route.method() + " " + route.route();
      response.addRoutes(
          statistics(route).toBuilder().addAllExemplars(exemplars.getOrDefault(key, List.of())));
    }
    return response.build();
  }

  private static HttpStatistics statistics(HttpAnswer.Statistics statistics) {
    return HttpStatistics.newBuilder()
        .setRoute(statistics.route())
        .setMethod(statistics.method())
        .putAllStatusClasses(statistics.statusClasses())
        .setRequests(statistics.requests())
        .setP50Ms(statistics.p50Millis())
        .setP95Ms(statistics.p95Millis())
        .setP99Ms(statistics.p99Millis())
        .setErrors(statistics.errors())
        .setErrorRate(statistics.errorRate())
        .build();
  }

  private ListTracesResponse listTraces(ListTracesRequest request) {
    TimeSpan range =
        TimeSpan.ofNanos(request.getSinceUnixNanos(), request.getUntilUnixNanos(), nowNanos());
    long since = range.since();
    long until = range.until();
    return traces.list(request, since, until, limit(request.getLimit(), DEFAULT_LISTED));
  }

  private static int limit(int asked, int absent) {
    if (asked < 0) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT, "limit: " + asked + " (expected: 1.." + MAX_TRACES + ")");
    }
    return asked == 0 ? absent : Math.min(asked, MAX_TRACES);
  }

  private ListServicesResponse services(ListServicesRequest request) {
    long now = nowNanos();
    long since = request.getSinceUnixNanos() == 0 ? now - HOUR_NANOS : request.getSinceUnixNanos();
    ListServicesResponse.Builder response =
        ListServicesResponse.newBuilder().setCompleteness(completeness.get());
    List<ServiceRow> rows = queries.services(since, now + HOUR_NANOS);
    for (ServiceRow row : rows) {
      response.addServices(
          ServiceSummary.newBuilder()
              .setName(row.name())
              .setRequests(row.requests())
              .setErrors(row.errors())
              .setP95Ms(row.p95Millis())
              .setLastSeenUnixNanos(row.lastUnixNanos())
              .setClientRequests(row.clientRequests())
              .setNameSource(row.nameSource())
              .addAllAgents(row.agents()));
    }
    var withTraffic = rows.stream().map(ServiceRow::name).collect(Collectors.toSet());
    knownServices.get().stream()
        .filter(name -> !withTraffic.contains(name))
        .distinct()
        .sorted()
        .forEach(name -> response.addServices(ServiceSummary.newBuilder().setName(name)));
    return response.build();
  }

  private QueryBeylaMetricsResponse beylaMetrics(QueryBeylaMetricsRequest request) {
    TimeSpan range = TimeSpan.ofSeconds(request.getStartTime(), request.getEndTime(), nowNanos());
    long since = range.since();
    long until = range.until();
    QueryBeylaMetricsResponse.Builder response =
        QueryBeylaMetricsResponse.newBuilder().setCompleteness(completeness.get());
    List<BeylaMetricType> types = request.getMetricTypesList();
    if (types.isEmpty() || types.contains(BeylaMetricType.BEYLA_METRIC_TYPE_HTTP)) {
      for (HttpWindow window : queries.httpWindows(request.getServiceNamesList(), since, until)) {
        response.addHttpMetrics(metric(window));
      }
    }
    response.setTotalMetrics(response.getHttpMetricsCount());
    List<SpanRow> spans = new ArrayList<>();
    if (!request.getTraceId().isEmpty()) {
      spans = traces.spans(request.getTraceId());
    } else if (request.getIncludeTraces()) {
      spans =
          traces.newestSpans(
              request.getServiceNamesList(),
              since,
              until,
              limit(request.getMaxTraces(), DEFAULT_TRACES));
    }
    spans.forEach(span -> response.addTraceSpans(TraceHandlers.message(span)));
    response.setTotalTraces((int) spans.stream().map(SpanRow::traceId).distinct().count());
    return response.build();
  }

  private static BeylaHttpMetric metric(HttpWindow window) {
    BeylaHttpMetric.Builder metric =
        BeylaHttpMetric.newBuilder()
            .setTimestamp(window.windowUnixNanos() / 1_000_000)
            .setServiceName(window.service())
            .setHttpMethod(window.method())
            .setHttpRoute(window.route())
            .setHttpStatusCode(window.status())
            .setRequestCount(window.requests())
            .putAllAttributes(window.attributes())
            .putAttributes("role", Role.SERVER.label());
    Bounds.SEED_MILLIS.forEach(metric::addLatencyBuckets);
    Arrays.stream(window.seedCounts()).forEach(metric::addLatencyCounts);
    return metric.build();
  }
}
