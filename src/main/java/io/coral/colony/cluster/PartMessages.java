package io.coral.colony.cluster;

import io.coral.answer.SpanMessages;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.rpc.colony.v1.Exemplars;
import io.coral.rpc.colony.v1.Names;
import io.coral.rpc.colony.v1.Operation;
import io.coral.rpc.colony.v1.Operations;
import io.coral.rpc.colony.v1.RankedTraces;
import io.coral.rpc.colony.v1.SumRow;
import io.coral.rpc.colony.v1.Traces;
import io.coral.rpc.mesh.v1.ReadTraceResponse;
import io.coral.storage.RankedTrace;
import io.coral.storage.RouteExemplars;
import io.coral.storage.SpanSearch;
import io.coral.storage.SumTable;
import io.coral.storage.SumsQuestion;
import io.coral.storage.Trace;
import io.coral.storage.TraceFilter;
import io.coral.storage.TraceQueries;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Questions and parts of answers as nodes send them to one another.
final class PartMessages {
  private PartMessages() {}

  static io.coral.rpc.colony.v1.SumsQuestion message(SumsQuestion question) {
    io.coral.rpc.colony.v1.SumsQuestion.Builder message =
        io.coral.rpc.colony.v1.SumsQuestion.newBuilder()
            .addAllBy(question.by())
            .setSinceUnixNanos(question.sinceNanos())
            .setUntilUnixNanos(question.untilNanos())
            .setStepNanos(question.stepNanos())
            .setDurations(question.durations());
    question.streams().forEach(stream -> message.addStreams(stream.name()));
    question
        .where()
        .forEach((column, values) -> message.putWhere(column, names(List.copyOf(values))));
    return message.build();
  }

  static SumsQuestion question(io.coral.rpc.colony.v1.SumsQuestion message) {
    return new SumsQuestion(
        message.getStreamsList().stream().map(StreamSchema::named).toList(),
        message.getByList(),
        message.getWhereMap().entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey, each -> Set.copyOf(each.getValue().getNamesList()))),
        message.getSinceUnixNanos(),
        message.getUntilUnixNanos(),
        message.getStepNanos(),
        message.getDurations());
  }

  static io.coral.rpc.colony.v1.Sums message(SumTable table) {
    io.coral.rpc.colony.v1.Sums.Builder sums = io.coral.rpc.colony.v1.Sums.newBuilder();
    table
        .sums()
        .forEach(
            (key, sum) -> {
              LatencyHistogram histogram = sum.histogram();
              SumRow.Builder row =
                  SumRow.newBuilder()
                      .addAllOf(key.of())
                      .setStartUnixNanos(key.startNanos())
                      .setCalls(sum.calls())
                      .setErrors(sum.errors())
                      .setLastUnixNanos(sum.lastNanos())
                      .setHistogramOffset(histogram.offset());
              for (int count : histogram.sparseCounts()) {
                row.addHistogram(count);
              }
              sums.addRows(row);
            });
    return sums.build();
  }

  static void addTo(SumTable table, io.coral.rpc.colony.v1.Sums sums) {
    for (SumRow row : sums.getRowsList()) {
      table.add(
          new SumTable.Key(List.copyOf(row.getOfList()), row.getStartUnixNanos()),
          row.getCalls(),
          row.getErrors(),
          row.getLastUnixNanos(),
          row.getHistogramOffset(),
          row.getHistogramList().stream().mapToInt(Integer::intValue).toArray());
    }
  }

  static io.coral.rpc.colony.v1.TraceFilter message(TraceFilter filter) {
    return io.coral.rpc.colony.v1.TraceFilter.newBuilder()
        .addAllServices(filter.services())
        .setMethod(filter.method())
        .setRoute(filter.route())
        .setMinSpanNanos(filter.minSpanNanos())
        .setMinDurationNanos(filter.minDurationNanos())
        .setSinceUnixNanos(filter.sinceNanos())
        .setUntilUnixNanos(filter.untilNanos())
        .setOrder(filter.order().name())
        .setLimit(filter.limit())
        .build();
  }

  static TraceFilter filter(io.coral.rpc.colony.v1.TraceFilter message) {
    return new TraceFilter(
        message.getServicesList(),
        message.getMethod(),
        message.getRoute(),
        message.getMinSpanNanos(),
        message.getMinDurationNanos(),
        message.getSinceUnixNanos(),
        message.getUntilUnixNanos(),
        TraceFilter.Order.valueOf(message.getOrder()),
        message.getLimit());
  }

  static io.coral.rpc.colony.v1.SpanSearch message(SpanSearch search) {
    return io.coral.rpc.colony.v1.SpanSearch.newBuilder()
        .setService(search.service())
        .setOperation(search.operation())
        .setRole(code(search.role()))
        .putAllTags(search.tags())
        .setMinDurationNanos(search.minDurationNanos())
        .setMaxDurationNanos(search.maxDurationNanos())
        .setSinceUnixNanos(search.sinceNanos())
        .setUntilUnixNanos(search.untilNanos())
        .setLimit(search.limit())
        .build();
  }

  static SpanSearch search(io.coral.rpc.colony.v1.SpanSearch message) {
    return new SpanSearch(
        message.getService(),
        message.getOperation(),
        role(message.getRole()),
        message.getTagsMap(),
        message.getMinDurationNanos(),
        message.getMaxDurationNanos(),
        message.getSinceUnixNanos(),
        message.getUntilUnixNanos(),
        message.getLimit());
  }

  static int code(@Nullable Role role) {
    return role == null ? 0 : role.code();
  }

  static @Nullable Role role(int code) {
    return code == 0 ? null : Role.ofCode(code);
  }

  static RankedTraces ranked(List<RankedTrace> traces) {
    RankedTraces.Builder message = RankedTraces.newBuilder();
    traces.forEach(trace -> message.addTraces(message(trace)));
    return message.build();
  }

  private static io.coral.rpc.colony.v1.RankedTrace message(RankedTrace trace) {
    return io.coral.rpc.colony.v1.RankedTrace.newBuilder()
        .setTraceId(trace.traceId())
        .setRank(trace.rank())
        .build();
  }

  private static RankedTrace trace(io.coral.rpc.colony.v1.RankedTrace message) {
    return new RankedTrace(message.getTraceId(), message.getRank());
  }

  static List<RankedTrace> ranked(RankedTraces message) {
    return message.getTracesList().stream().map(PartMessages::trace).toList();
  }

  static Traces traces(List<Trace> traces) {
    Traces.Builder message = Traces.newBuilder();
    traces.forEach(
        trace ->
            message.addTraces(
                SpanMessages.message(new TraceQueries.Found(List.of(trace.traceId()), trace))));
    return message.build();
  }

  static List<Trace> traces(Traces message) {
    return message.getTracesList().stream().map(PartMessages::trace).toList();
  }

  private static Trace trace(ReadTraceResponse message) {
    Trace trace = SpanMessages.found(message).trace();
    return trace == null ? new Trace("", List.of(), false) : trace;
  }

  static Exemplars exemplars(Map<String, RouteExemplars> routes) {
    Exemplars.Builder message = Exemplars.newBuilder();
    routes.forEach((route, each) -> message.putRoutes(route, message(each)));
    return message.build();
  }

  private static io.coral.rpc.colony.v1.RouteExemplars message(RouteExemplars exemplars) {
    io.coral.rpc.colony.v1.RouteExemplars.Builder message =
        io.coral.rpc.colony.v1.RouteExemplars.newBuilder();
    RankedTrace slowest = exemplars.slowest();
    RankedTrace failed = exemplars.failed();
    RankedTrace newest = exemplars.newest();
    if (slowest != null) {
      message.setSlowest(message(slowest));
    }
    if (failed != null) {
      message.setFailed(message(failed));
    }
    if (newest != null) {
      message.setNewest(message(newest));
    }
    return message.build();
  }

  static Map<String, RouteExemplars> exemplars(Exemplars message) {
    Map<String, RouteExemplars> routes = new HashMap<>();
    message
        .getRoutesMap()
        .forEach(
            (route, each) ->
                routes.put(
                    route,
                    new RouteExemplars(
                        each.hasSlowest() ? trace(each.getSlowest()) : null,
                        each.hasFailed() ? trace(each.getFailed()) : null,
                        each.hasNewest() ? trace(each.getNewest()) : null)));
    return routes;
  }

  static Names names(List<String> names) {
    return Names.newBuilder().addAllNames(names).build();
  }

  static Operations operations(List<SpanSearch.Operation> operations) {
    Operations.Builder message = Operations.newBuilder();
    operations.forEach(
        each ->
            message.addOperations(
                Operation.newBuilder().setName(each.name()).setRole(each.role().code())));
    return message.build();
  }

  static List<SpanSearch.Operation> operations(Operations message) {
    return message.getOperationsList().stream()
        .map(each -> new SpanSearch.Operation(each.getName(), Role.ofCode(each.getRole())))
        .toList();
  }
}
