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
import io.coral.storage.SumSource;
import io.coral.storage.Trace;
import io.coral.storage.TraceFilter;
import io.coral.storage.TraceQueries;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is stored, here or on several nodes, for one answer. Whatever is asked of it, it asks
/// of the same nodes, and remembers which of them did not answer.
///
/// Every method blocks; a worker thread.
public interface History extends SumSource {
  /// The traces that fit, in the filter's order.
  List<RankedTrace> list(TraceFilter filter);

  /// The traces that a search finds, the one with the newest fitting span first.
  List<RankedTrace> search(SpanSearch search);

  /// Traces with all of their spans, in the list's order; without spans those of which there are
  /// none.
  List<Trace> traces(List<String> ids);

  /// The traces whose id begins with a prefix, with the spans when there is only one.
  ///
  /// @param prefix 6 to 32 hexadecimal digits
  TraceQueries.Found find(String prefix);

  /// Traces for each route and method, keyed `METHOD route`.
  ///
  /// @param service empty = all
  Map<String, RouteExemplars> exemplars(
      String service, long sinceNanos, long untilNanos, Role role);

  /// Names of the services that have spans, sorted.
  List<String> services();

  /// Operations of a service by name.
  ///
  /// @param role null = all
  List<SpanSearch.Operation> operations(String service, @Nullable Role role);

  /// How many log records belong to a trace.
  ///
  /// @param traceId 32 hexadecimal digits
  long logsOf(String traceId);

  /// Spans that applications sent.
  QueryTelemetryResponse telemetry(QueryTelemetryRequest request, long nowNanos);

  /// Log records that applications sent.
  QueryLogsResponse logs(QueryLogsRequest request, long nowNanos);

  /// Points of metrics that applications sent.
  QueryMetricsResponse metrics(QueryMetricsRequest request, long nowNanos);

  /// How much stands behind what was answered so far.
  Completeness completeness();
}
