package io.coral.answer;

import io.coral.histogram.Bounds;
import io.coral.model.Role;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.RpcService;
import io.coral.rpc.mesh.v1.BeylaHttpMetric;
import io.coral.rpc.mesh.v1.BeylaMetricType;
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
import io.coral.storage.RouteExemplars;
import io.coral.storage.ServiceRow;
import io.coral.storage.SpanRow;
import io.coral.storage.TelemetryQueries;
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

/// Binds the common questions to a service.
public final class QueryHandlers {
  private static final long HOUR_NANOS = 3_600_000_000_000L;
  private static final int DEFAULT_TRACES = 100;
  private static final int MAX_TRACES = 1000;
  private static final int DEFAULT_LISTED = 20;

  private final Vertx vertx;
  private final Supplier<History> histories;
  private final TraceFinder finder;
  private final Supplier<List<String>> knownServices;
  private final Clock clock;

  /// @param histories gives what is stored, for one answer each; does not block
  /// @param finder finds the trace that is asked for by its id
  /// @param knownServices observed services that may have no traffic yet; safe on any thread
  public QueryHandlers(
      Vertx vertx,
      Supplier<History> histories,
      TraceFinder finder,
      Supplier<List<String>> knownServices,
      Clock clock) {
    this.vertx = vertx;
    this.histories = histories;
    this.finder = finder;
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
            request -> onWorker(() -> beylaMetrics(histories.get(), request)))
        .unary(
            "QueryHttp",
            QueryHttpRequest.getDefaultInstance(),
            QueryHttpResponse.getDefaultInstance(),
            request -> onWorker(() -> http(histories.get(), request)))
        .unary(
            "ListTraces",
            ListTracesRequest.getDefaultInstance(),
            ListTracesResponse.getDefaultInstance(),
            request -> onWorker(() -> listTraces(histories.get(), request)))
        .unary(
            "GetTrace",
            GetTraceRequest.getDefaultInstance(),
            GetTraceResponse.getDefaultInstance(),
            request -> {
              History history = histories.get();
              return finder
                  .find(history, TraceIds.digits(request.getTraceId()))
                  .compose(found -> onWorker(() -> new TraceHandlers(history).get(request, found)));
            })
        .unary(
            "ListServices",
            ListServicesRequest.getDefaultInstance(),
            ListServicesResponse.getDefaultInstance(),
            request -> onWorker(() -> services(histories.get(), request)))
        .unary(
            "QueryTelemetry",
            QueryTelemetryRequest.getDefaultInstance(),
            QueryTelemetryResponse.getDefaultInstance(),
            request -> onWorker(() -> histories.get().telemetry(request, nowNanos())))
        .unary(
            "QueryLogs",
            QueryLogsRequest.getDefaultInstance(),
            QueryLogsResponse.getDefaultInstance(),
            request -> onWorker(() -> histories.get().logs(request, nowNanos())))
        .unary(
            "QueryMetrics",
            QueryMetricsRequest.getDefaultInstance(),
            QueryMetricsResponse.getDefaultInstance(),
            request -> onWorker(() -> histories.get().metrics(request, nowNanos())));
  }

  private <T> Future<T> onWorker(Callable<T> work) {
    return vertx.executeBlocking(work, false);
  }

  private long nowNanos() {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private QueryHttpResponse http(History history, QueryHttpRequest request) {
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
    HttpAnswer answer =
        new TelemetryQueries(history).http(request.getServiceName(), since, until, role);
    QueryHttpResponse.Builder response =
        QueryHttpResponse.newBuilder()
            .setServiceName(request.getServiceName())
            .setSinceUnixNanos(since)
            .setUntilUnixNanos(until)
            .setOverall(statistics(answer.overall()));
    Map<String, RouteExemplars> exemplars =
        request.getWithoutExemplars()
            ? Map.of()
            : history.exemplars(request.getServiceName(), since, until, role);
    for (HttpAnswer.Statistics route : answer.routes()) {
      RouteExemplars itsOwn = exemplars.get(route.method() + " " + route.route());
      response.addRoutes(
          statistics(route).toBuilder()
              .addAllExemplars(itsOwn == null ? List.of() : itsOwn.traceIds()));
    }
    return response.setCompleteness(history.completeness()).build();
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

  private ListTracesResponse listTraces(History history, ListTracesRequest request) {
    TimeSpan range =
        TimeSpan.ofNanos(request.getSinceUnixNanos(), request.getUntilUnixNanos(), nowNanos());
    long since = range.since();
    long until = range.until();
    return new TraceHandlers(history)
        .list(request, since, until, limit(request.getLimit(), DEFAULT_LISTED));
  }

  private static int limit(int asked, int absent) {
    if (asked < 0) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT, "limit: " + asked + " (expected: 1.." + MAX_TRACES + ")");
    }
    return asked == 0 ? absent : Math.min(asked, MAX_TRACES);
  }

  private ListServicesResponse services(History history, ListServicesRequest request) {
    long now = nowNanos();
    long since = request.getSinceUnixNanos() == 0 ? now - HOUR_NANOS : request.getSinceUnixNanos();
    ListServicesResponse.Builder response = ListServicesResponse.newBuilder();
    List<ServiceRow> rows = new TelemetryQueries(history).services(since, now + HOUR_NANOS);
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
    return response.setCompleteness(history.completeness()).build();
  }

  private QueryBeylaMetricsResponse beylaMetrics(
      History history, QueryBeylaMetricsRequest request) {
    TimeSpan range = TimeSpan.ofSeconds(request.getStartTime(), request.getEndTime(), nowNanos());
    long since = range.since();
    long until = range.until();
    QueryBeylaMetricsResponse.Builder response = QueryBeylaMetricsResponse.newBuilder();
    TraceHandlers traces = new TraceHandlers(history);
    List<BeylaMetricType> types = request.getMetricTypesList();
    if (types.isEmpty() || types.contains(BeylaMetricType.BEYLA_METRIC_TYPE_HTTP)) {
      for (HttpWindow window :
          new TelemetryQueries(history).httpWindows(request.getServiceNamesList(), since, until)) {
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
    return response.setCompleteness(history.completeness()).build();
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
