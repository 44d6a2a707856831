package io.coral.answer;

import io.coral.model.Role;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.QueryLogsRequest;
import io.coral.rpc.mesh.v1.QueryLogsResponse;
import io.coral.rpc.mesh.v1.QueryMetricsRequest;
import io.coral.rpc.mesh.v1.QueryMetricsResponse;
import io.coral.rpc.mesh.v1.QueryTelemetryRequest;
import io.coral.rpc.mesh.v1.QueryTelemetryResponse;
import io.coral.storage.RankedTrace;
import io.coral.storage.RouteExemplars;
import io.coral.storage.SpanSearch;
import io.coral.storage.StoreQueries;
import io.coral.storage.SumTable;
import io.coral.storage.SumsQuestion;
import io.coral.storage.Trace;
import io.coral.storage.TraceFilter;
import io.coral.storage.TraceQueries;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What one store has.
public final class StoreHistory implements History {
  private final StoreQueries store;
  private final SentHandlers sent;
  private final Supplier<Completeness> completeness;

  /// @param numbers of an agent's spans; null in a colony, where agents' numbers meet
  /// @param completeness how much stands behind an answer
  public StoreHistory(
      StoreQueries store, @Nullable SpanNumbers numbers, Supplier<Completeness> completeness) {
    this.store = store;
    this.sent = new SentHandlers(store.sent(), numbers, completeness);
    this.completeness = completeness;
  }

  @Override
  public SumTable sums(SumsQuestion question) {
    return store.sums().sums(question);
  }

  @Override
  public boolean withAgents() {
    return store.sums().withAgents();
  }

  @Override
  public List<RankedTrace> list(TraceFilter filter) {
    return store.traces().list(filter);
  }

  @Override
  public List<RankedTrace> search(SpanSearch search) {
    return store.spans().find(search);
  }

  @Override
  public List<Trace> traces(List<String> ids) {
    return store.traces().traces(ids);
  }

  @Override
  public TraceQueries.Found find(String prefix) {
    return store.traces().find(prefix);
  }

  @Override
  public Map<String, RouteExemplars> exemplars(
      String service, long sinceNanos, long untilNanos, Role role) {
    return store.traces().exemplars(service, sinceNanos, untilNanos, role);
  }

  @Override
  public List<String> services() {
    return store.spans().services();
  }

  @Override
  public List<SpanSearch.Operation> operations(String service, @Nullable Role role) {
    return store.spans().operations(service, role);
  }

  @Override
  public long logsOf(String traceId) {
    return store.sent().logsOf(traceId);
  }

  @Override
  public QueryTelemetryResponse telemetry(QueryTelemetryRequest request, long nowNanos) {
    return sent.telemetry(request, nowNanos);
  }

  @Override
  public QueryLogsResponse logs(QueryLogsRequest request, long nowNanos) {
    return sent.logs(request, nowNanos);
  }

  @Override
  public QueryMetricsResponse metrics(QueryMetricsRequest request, long nowNanos) {
    return sent.metrics(request, nowNanos);
  }

  @Override
  public Completeness completeness() {
    return completeness.get();
  }
}
