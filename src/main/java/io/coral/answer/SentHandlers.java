package io.coral.answer;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import io.coral.model.LogBody;
import io.coral.model.LogLevel;
import io.coral.model.MetricFields;
import io.coral.model.StreamSchema;
import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.rpc.mesh.v1.LogRecord;
import io.coral.rpc.mesh.v1.MetricPoint;
import io.coral.rpc.mesh.v1.QueryLogsRequest;
import io.coral.rpc.mesh.v1.QueryLogsResponse;
import io.coral.rpc.mesh.v1.QueryMetricsRequest;
import io.coral.rpc.mesh.v1.QueryMetricsResponse;
import io.coral.rpc.mesh.v1.QueryTelemetryRequest;
import io.coral.rpc.mesh.v1.QueryTelemetryResponse;
import io.coral.rpc.mesh.v1.TelemetrySpan;
import io.coral.storage.LogFilter;
import io.coral.storage.LogRow;
import io.coral.storage.MetricSeries;
import io.coral.storage.SentDetails;
import io.coral.storage.SentQueries;
import io.coral.storage.SpanRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Answers about what applications sent; every method blocks.
public final class SentHandlers {
  private static final int DEFAULT_SPANS = 10_000;
  private static final int MAX_SPANS = 50_000;
  private static final int DEFAULT_LOGS = 100;
  private static final int MAX_LOGS = 1_000;
  private static final int DEFAULT_POINTS = 1_000;
  private static final int MAX_POINTS = 10_000;

  /// Clients of gRPC take 4 MiB.
  private static final int MAX_BYTES = 4_000_000;

  private static final List<String> TEMPORALITIES = List.of("", "delta", "cumulative");

  private final SentQueries queries;
  private final @Nullable SpanNumbers numbers;
  private final Supplier<Completeness> completeness;

  /// @param numbers of an agent's spans; null in a colony, where agents' numbers meet
  SentHandlers(
      SentQueries queries, @Nullable SpanNumbers numbers, Supplier<Completeness> completeness) {
    this.queries = queries;
    this.numbers = numbers;
    this.completeness = completeness;
  }

  /// The time range of a question; logs of one trace are of any age unless said.
  public static TimeSpan range(QueryLogsRequest request, long nowNanos) {
    boolean ofAnyAge =
        !request.getTraceId().isEmpty()
            && request.getSinceUnixNanos() == 0
            && request.getUntilUnixNanos() == 0;
    return ofAnyAge
        ? new TimeSpan(0, Long.MAX_VALUE)
        : TimeSpan.ofNanos(request.getSinceUnixNanos(), request.getUntilUnixNanos(), nowNanos);
  }

  QueryTelemetryResponse telemetry(QueryTelemetryRequest request, long nowNanos) {
    int limit = maxSpans(request);
    boolean byTime = request.getStartTime() != 0 || request.getEndTime() != 0;
    boolean byNumber = request.getStartSeqId() != 0 || !request.getSessionId().isEmpty();
    SpanNumbers known = numbers;
    if (byTime && byNumber) {
      throw invalid("start_seq_id and a time were both given (expected: one of them)");
    }
    if (byNumber && known == null) {
      throw invalid(
          "start_seq_id: a colony has the spans of many agents (expected: start_time, end_time)");
    }
    QueryTelemetryResponse.Builder response = QueryTelemetryResponse.newBuilder();
    return byTime || known == null
        ? byTime(
            request,
            TimeSpan.ofSeconds(request.getStartTime(), request.getEndTime(), nowNanos),
            limit,
            response)
        : byNumber(request, known, limit, response);
  }

  private QueryTelemetryResponse byTime(
      QueryTelemetryRequest request,
      TimeSpan range,
      int limit,
      QueryTelemetryResponse.Builder response) {
    Completeness.Builder known = completeness.get().toBuilder();
    SpanCollector collector = new SpanCollector(response);
    boolean cut =
        queries.spans(
            request.getServiceNamesList(), range.since(), range.until(), limit, collector::add);
    if (cut) {
      known.addGaps(cutAt(response.getSpansCount()));
    }
    return response
        .setTotalSpans(response.getSpansCount())
        .setCut(cut)
        .setCompleteness(known)
        .build();
  }

  /// How many spans an answer has at most.
  public static int maxSpans(QueryTelemetryRequest request) {
    return limit("max_records", request.getMaxRecords(), DEFAULT_SPANS, MAX_SPANS);
  }

  /// How many log records an answer has at most.
  public static int maxLogs(QueryLogsRequest request) {
    return limit("limit", request.getLimit(), DEFAULT_LOGS, MAX_LOGS);
  }

  /// How many points an answer has at most.
  public static int maxPoints(QueryMetricsRequest request) {
    return limit("limit", request.getLimit(), DEFAULT_POINTS, MAX_POINTS);
  }

  /// Refuses a beginning of a trace id that several traces have.
  ///
  /// @param found whole ids, some of them empty
  public static void checkOneTrace(QueryLogsRequest request, List<String> found) {
    TraceIds.checkOne(
        request.getTraceId(), found.stream().filter(id -> !id.isEmpty()).distinct().toList());
  }

  /// What is said of an answer by time that has not all.
  public static String cutAt(int spans) {
    return "there are more spans than the " + spans + " oldest ones given: ask for less time";
  }

  private QueryTelemetryResponse byNumber(
      QueryTelemetryRequest request,
      SpanNumbers known,
      int limit,
      QueryTelemetryResponse.Builder response) {
    long epoch = request.getSessionId().isEmpty() ? known.epoch() : epoch(request.getSessionId());
    // Before the spans are read: those that are stored meanwhile have greater numbers.
    long last = known.last(epoch);
    SpanCollector collector = new SpanCollector(response);
    boolean cut =
        queries.spansAfter(
            request.getServiceNamesList(), epoch, request.getStartSeqId(), limit, collector::add);
    long seen =
        response.getSpansCount() == 0
            ? request.getStartSeqId()
            : response.getSpans(response.getSpansCount() - 1).getSeqId();
    return response
        .setTotalSpans(response.getSpansCount())
        .setMaxSeqId(cut ? seen : Math.max(seen, last))
        .setSessionId(Long.toString(epoch))
        .setCut(cut)
        .setCompleteness(completeness.get())
        .build();
  }

  private static long epoch(String session) {
    try {
      return Long.parseLong(session);
    } catch (NumberFormatException e) {
      throw invalid("session_id: \"" + session + "\" (expected: one of an earlier answer)");
    }
  }

  /// Fills a response up to [#MAX_BYTES].
  private static final class SpanCollector {
    private final QueryTelemetryResponse.Builder response;
    private long bytes;

    SpanCollector(QueryTelemetryResponse.Builder response) {
      this.response = response;
    }

    boolean add(long seq, SpanRow row) {
      TelemetrySpan span = message(seq, row);
      // Three bytes or more for the tag and the length.
      bytes += span.getSerializedSize() + 5;
      if (response.getSpansCount() > 0 && bytes > MAX_BYTES) {
        return false;
      }
      response.addSpans(span);
      return true;
    }
  }

  private static TelemetrySpan message(long seq, SpanRow span) {
    TelemetrySpan.Builder message =
        TelemetrySpan.newBuilder()
            .setTimestamp(span.startUnixNanos() / 1_000_000)
            .setTraceId(span.traceId())
            .setSpanId(span.spanId())
            .setParentSpanId(span.parentSpanId())
            .setServiceName(span.service())
            .setSpanName(span.name())
            .setSpanKind(span.role().label().toUpperCase(Locale.ROOT))
            .setDurationMs(span.durationNanos() / 1e6)
            .setStartUnixNanos(span.startUnixNanos())
            .setDurationNanos(span.durationNanos())
            .setHttpStatus(span.status())
            .setSeqId(seq);
    SentDetails sent = span.sent();
    if (sent != null) {
      if (sent.system().equals("http")) {
        message
            .setHttpMethod(span.attribute("http.request.method"))
            .setHttpRoute(span.attribute("http.route"));
      }
      sent.attributes().forEach((name, value) -> message.putAttributes(name, text(value)));
      message
          .setIsError(sent.outcome() == SentDetails.ERROR)
          .setStatusCode(
              switch (sent.outcome()) {
                case SentDetails.OK -> "OK";
                case SentDetails.ERROR -> "ERROR";
                default -> "UNSET";
              })
          .setResource(sent.resource())
          .setScope(sent.scope())
          .setDetails(sent.details())
          .setFlags((int) sent.flags());
    }
    return message.build();
  }

  private static String text(JsonElement value) {
    return value instanceof JsonPrimitive one ? one.getAsString() : value.toString();
  }

  QueryLogsResponse logs(QueryLogsRequest request, long nowNanos) {
    int limit = maxLogs(request);
    LogLevel level = level(request.getLevel());
    Map<String, Set<UUID>> asked =
        request.getTraceId().isEmpty() ? Map.of() : traces(request.getTraceId());
    Set<UUID> traces =
        request.getTraceId().isEmpty()
            ? null
            : asked.values().stream().flatMap(Set::stream).collect(Collectors.toSet());
    TimeSpan range = range(request, nowNanos);
    QueryLogsResponse.Builder response =
        QueryLogsResponse.newBuilder()
            .setTraceId(String.join("", asked.keySet()))
            .setCompleteness(completeness.get());
    if (traces == null || !traces.isEmpty()) {
      SentQueries.Page<LogRow> logs =
          queries.logs(
              new LogFilter(
                  request.getServiceName(),
                  level,
                  request.getSearch(),
                  traces,
                  range.since(),
                  range.until(),
                  limit));
      logs.items().forEach(log -> response.addRecords(message(log)));
      response.setCut(logs.cut());
    }
    if (response.getRecordsCount() == 0) {
      response.addAllKnownServices(queries.services(StreamSchema.LOGS));
    }
    return response.build();
  }

  private static @Nullable LogLevel level(String name) {
    if (name.isEmpty()) {
      return null;
    }
    try {
      return LogLevel.named(name);
    } catch (IllegalArgumentException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  /// @return one at most
  private Map<String, Set<UUID>> traces(String text) {
    Map<String, Set<UUID>> found = queries.tracesOfLogs(TraceIds.digits(text));
    TraceIds.checkOne(text, new ArrayList<>(found.keySet()));
    return found;
  }

  private static LogRecord message(LogRow log) {
    LogRecord.Builder message =
        LogRecord.newBuilder()
            .setAgentId(log.agentId())
            .setTimeUnixNanos(log.timeUnixNanos())
            .setObservedUnixNanos(log.observedUnixNanos())
            .setServiceName(log.service())
            .setSeverityNumber(log.severity())
            .setSeverityText(log.severityText())
            .setBodyIsJson(log.bodyType() == LogBody.JSON)
            .setTraceId(log.traceId())
            .setSpanId(log.spanId())
            .setEventName(log.eventName())
            .setAttributes(log.attributes())
            .setResource(log.resource())
            .setScope(log.scope())
            .setDetails(log.details())
            .setFlags((int) log.flags())
            .setBodyCharactersLeftOut(Math.max(0, log.bodyLength() - LogRow.MAX_BODY));
    if (log.bodyType() != LogBody.NONE) {
      message.setBody(log.body());
    }
    return message.build();
  }

  QueryMetricsResponse metrics(QueryMetricsRequest request, long nowNanos) {
    int limit = maxPoints(request);
    TimeSpan range =
        TimeSpan.ofNanos(request.getSinceUnixNanos(), request.getUntilUnixNanos(), nowNanos);
    QueryMetricsResponse.Builder response =
        QueryMetricsResponse.newBuilder().setCompleteness(completeness.get());
    SentQueries.Page<MetricSeries> series =
        queries.metrics(
            request.getServiceName(), request.getName(), range.since(), range.until(), limit);
    series.items().forEach(each -> response.addSeries(message(each)));
    response.setCut(series.cut());
    if (series.items().isEmpty()) {
      response
          .addAllKnownServices(queries.services(StreamSchema.METRICS))
          .addAllKnownNames(queries.metricNames(request.getServiceName()));
    }
    return response.build();
  }

  private static io.coral.rpc.mesh.v1.MetricSeries message(MetricSeries series) {
    MetricSeries.Identity identity = series.identity();
    io.coral.rpc.mesh.v1.MetricSeries.Builder message =
        io.coral.rpc.mesh.v1.MetricSeries.newBuilder()
            .setAgentId(identity.agentId())
            .setServiceName(identity.service())
            .setName(identity.name())
            .setDescription(identity.description())
            .setUnit(identity.unit())
            .setType(identity.type().label())
            .setTemporality(TEMPORALITIES.get(identity.temporality()))
            .setMonotonic(identity.monotonic())
            .setAttributes(identity.attributes())
            .setResource(identity.resource())
            .setScope(identity.scope())
            .setMetadata(identity.metadata());
    series.points().forEach(point -> message.addPoints(message(point)));
    return message.build();
  }

  private static MetricPoint message(MetricSeries.Point point) {
    MetricPoint.Builder message =
        MetricPoint.newBuilder()
            .setTimeUnixNanos(point.timeUnixNanos())
            .setStartUnixNanos(point.startUnixNanos())
            .setCount(point.count())
            .setFlags((int) point.flags())
            .setDetails(point.details());
    if ((point.fields() & MetricFields.INTEGER) != 0) {
      message.setAsInt(point.intValue());
    } else if ((point.fields() & MetricFields.DOUBLE) != 0) {
      message.setAsDouble(point.value());
    }
    if ((point.fields() & MetricFields.SUM) != 0) {
      message.setSum(point.sum());
    }
    if ((point.fields() & MetricFields.MIN) != 0) {
      message.setMin(point.min());
    }
    if ((point.fields() & MetricFields.MAX) != 0) {
      message.setMax(point.max());
    }
    return message.build();
  }

  private static int limit(String name, int asked, int absent, int most) {
    if (asked < 0 || asked > most) {
      throw invalid(name + ": " + asked + " (expected: 1.." + most + ")");
    }
    return asked == 0 ? absent : asked;
  }

  private static RpcException invalid(String message) {
    return new RpcException(RpcCode.INVALID_ARGUMENT, message);
  }
}
