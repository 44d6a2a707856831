package io.coral.agent.ingest;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.MetricType;
import io.coral.model.ObservedRequests;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.otlp.Semantic;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Tells from the metrics of Beyla which requests it counted, each once: what a cumulative series
/// has counted since the point before, or all of it when it began anew. It did so when its start is
/// another one or a count fell; or when a report of its metric was without it, since Beyla forgets
/// series that are idle and does not change their start when they are back. One thread.
final class BeylaRequests {
  static final int MOST_SERIES = 10_000;

  private static final StreamSchema METRICS = StreamSchema.METRICS;
  private static final int DELTA = 1;
  private static final int CUMULATIVE = 2;
  private static final long FORGET_NANOS = 3_600_000_000_000L;

  private final Map<SeriesKey, Last> series = new HashMap<>();
  private final Map<MetricKey, Reports> reports = new HashMap<>();

  private record MetricKey(String resource, String metric) {}

  private record SeriesKey(MetricKey metric, String attributes) {}

  /// The times of the last two reports of a metric, 0 = none; one may come in several payloads.
  private record Reports(long unixNanos, long beforeUnixNanos) {
    Reports with(long reportUnixNanos) {
      return reportUnixNanos > unixNanos ? new Reports(reportUnixNanos, unixNanos) : this;
    }

    long lastBefore(long reportUnixNanos) {
      return unixNanos < reportUnixNanos ? unixNanos : beforeUnixNanos;
    }
  }

  /// The last point of a series.
  private record Last(long startUnixNanos, long unixNanos, double sum, PointHistogram histogram) {}

  /// What a payload tells.
  ///
  /// @param requests what it tells of requests
  /// @param others points of Beyla that tell of something else
  /// @param repeated points that were there before
  /// @param rejected points that cannot be taken
  /// @param message why not the first of them, else empty
  record Told(
      ObservedRequests requests, long others, long repeated, long rejected, String message) {}

  /// A metric of requests.
  private record Measured(RequestKind kind, Role role) {
    /// Null for any other metric. Old and new names
    /// (https://opentelemetry.io/docs/specs/semconv), and those of Beyla.
    static @Nullable Measured of(String metric) {
      return switch (metric) {
        case "http.server.request.duration", "http.server.duration" ->
            new Measured(RequestKind.HTTP, Role.SERVER);
        case "http.client.request.duration", "http.client.duration" ->
            new Measured(RequestKind.HTTP, Role.CLIENT);
        case "rpc.server.duration", "rpc.server.call.duration" ->
            new Measured(RequestKind.GRPC, Role.SERVER);
        case "rpc.client.duration", "rpc.client.call.duration" ->
            new Measured(RequestKind.GRPC, Role.CLIENT);
        case "db.client.operation.duration", "sql.client.duration" ->
            new Measured(RequestKind.SQL, Role.CLIENT);
        case "messaging.publish.duration", "messaging.client.operation.duration" ->
            new Measured(RequestKind.MESSAGING, Role.PRODUCER);
        case "messaging.process.duration" -> new Measured(RequestKind.MESSAGING, Role.CONSUMER);
        default -> null;
      };
    }
  }

  /// A payload that is being read; nothing of it is remembered until it was taken.
  final class Reading {
    private final Map<SeriesKey, Last> read = new HashMap<>();
    private final List<ObservedRequests.Counted> counted = new ArrayList<>();
    private long others;
    private long repeated;
    private long rejected;
    private String message = "";

    /// The payload was taken: the next points go on from these.
    void taken() {
      series.putAll(read);
      read.forEach(
          (key, last) ->
              reports.merge(
                  key.metric,
                  new Reports(last.unixNanos, 0),
                  (known, one) -> known.with(one.unixNanos)));
    }

    private boolean wasForgotten(SeriesKey key, Last last, Last point) {
      Reports known = reports.get(key.metric);
      return known != null && known.lastBefore(point.unixNanos) > last.unixNanos;
    }

    private void reject(String why) {
      rejected++;
      message = message.isEmpty() ? why : message;
    }

    private @Nullable Last last(SeriesKey key) {
      Last known = read.get(key);
      return known == null ? series.get(key) : known;
    }

    /// What was counted since the last point; null when nothing is to be.
    private @Nullable Last since(SeriesKey key, Last point, int temporality) {
      Last last = last(key);
      boolean anew = last == null || point.startUnixNanos != last.startUnixNanos;
      if (last != null
          && point.unixNanos <= last.unixNanos
          && (temporality == DELTA || point.startUnixNanos <= last.startUnixNanos)) {
        repeated++;
        return null;
      }
      if (last == null && series.size() + read.size() >= MOST_SERIES) {
        reject("series: more than " + MOST_SERIES);
        return null;
      }
      read.put(key, point);
      if (last == null || temporality == DELTA || anew || wasForgotten(key, last, point)) {
        return point;
      }
      PointHistogram more = point.histogram.minus(last.histogram);
      return more == null
          ? point
          : new Last(point.startUnixNanos, point.unixNanos, point.sum - last.sum, more);
    }

    Told told() {
      return new Told(new ObservedRequests(counted), others, repeated, rejected, message);
    }
  }

  /// Reads a payload.
  ///
  /// @param points of [StreamSchema#METRICS]
  Reading read(ColumnBatch points, long nowUnixNanos) {
    if (series.size() >= MOST_SERIES) {
      series.values().removeIf(last -> nowUnixNanos - last.unixNanos > FORGET_NANOS);
      reports.values().removeIf(last -> nowUnixNanos - last.unixNanos > FORGET_NANOS);
    }
    Reading reading = new Reading();
    String[] resources = points.texts(METRICS.position("resource"));
    String[] scopes = points.texts(METRICS.position("scope"));
    String[] names = points.texts(METRICS.position("name"));
    for (int row = 0; row < points.rows(); row++) {
      Measured measured = Measured.of(names[row]);
      if (!BeylaOrigin.isBeyla(resources[row], scopes[row])) {
        reading.reject("metrics of an application (expected: at the ports of telemetry)");
      } else if (measured == null) {
        reading.others++;
      } else {
        read(points, row, measured, reading);
      }
    }
    return reading;
  }

  private static void read(ColumnBatch points, int row, Measured measured, Reading reading) {
    String metric = text(points, "name", row);
    long type = number(points, "type", row);
    int temporality = (int) number(points, "temporality", row);
    PointHistogram histogram =
        type == MetricType.HISTOGRAM.ordinal() || type == MetricType.EXPONENTIAL_HISTOGRAM.ordinal()
            ? PointHistogram.of(
                new String(points.plains(METRICS.position("details"))[row], StandardCharsets.UTF_8))
            : null;
    if (histogram == null || (temporality != DELTA && temporality != CUMULATIVE)) {
      reading.reject(metric + " (expected: a delta or cumulative histogram with buckets)");
      return;
    }
    String attributes = text(points, "attributes", row);
    Last point =
        new Last(
            number(points, "start_unix_nanos", row),
            number(points, "time_unix_nanos", row),
            points.doubles(METRICS.position("sum"))[row],
            histogram);
    Last more =
        reading.since(
            new SeriesKey(new MetricKey(text(points, "resource", row), metric), attributes),
            point,
            temporality);
    if (more != null && more.histogram.total() > 0) {
      double unitNanos = text(points, "unit", row).equals("ms") ? 1e6 : 1e9;
      reading.counted.add(
          counted(measured, text(points, "service", row), attributes, more, unitNanos));
    }
  }

  private static String text(ColumnBatch points, String column, int row) {
    return points.dictionary().text(points.textIds(METRICS.position(column))[row]);
  }

  private static long number(ColumnBatch points, String column, int row) {
    return points.longs(METRICS.position(column))[row];
  }

  private static ObservedRequests.Counted counted(
      Measured measured, String service, String attributes, Last more, double unitNanos) {
    RequestKind kind = measured.kind;
    JsonObject json =
        attributes.isEmpty()
            ? new JsonObject()
            : JsonParser.parseString(attributes).getAsJsonObject();
    Map<Semantic, String> said = new EnumMap<>(Semantic.class);
    json.asMap()
        .forEach(
            (key, value) -> {
              Semantic semantic = Semantic.of(key);
              if (semantic != null) {
                said.putIfAbsent(semantic, text(value));
              }
            });
    String type = text(json.get("messaging.operation.type"));
    Role role =
        measured.role == Role.PRODUCER && type.equals("receive") ? Role.CONSUMER : measured.role;
    int status =
        switch (kind) {
          case HTTP -> status(said.get(Semantic.HTTP_STATUS), 0);
          case GRPC -> Semantic.grpcStatus(said.getOrDefault(Semantic.RPC_STATUS, ""));
          case SQL, MESSAGING -> -1;
        };
    LatencyHistogram durations = new LatencyHistogram();
    more.histogram.addTo(durations, unitNanos);
    String route = route(kind, said);
    return new ObservedRequests.Counted(
        kind,
        service,
        role,
        system(kind, said),
        method(kind, said),
        route,
        kind == RequestKind.HTTP && route.isEmpty() ? said.getOrDefault(Semantic.URL_PATH, "") : "",
        status,
        role == Role.CLIENT ? peer(json) : "",
        !text(json.get("error.type")).isEmpty() || kind.isError(role, status),
        // A point tells what was before its time: on the bound of a window, of the one that ended.
        more.unixNanos - 1,
        Math.max(0, Math.round(more.sum * unitNanos)),
        durations.offset(),
        durations.sparseCounts());
  }

  private static String text(@Nullable JsonElement value) {
    return value != null && value.isJsonPrimitive() ? value.getAsString() : "";
  }

  /// Senders differ in whether they say it as a number or as a string.
  private static int status(@Nullable String said, int otherwise) {
    try {
      return said == null ? otherwise : Integer.parseInt(said);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  private static String system(RequestKind kind, Map<Semantic, String> said) {
    return switch (kind) {
      case HTTP -> "http";
      case GRPC -> said.getOrDefault(Semantic.RPC_SYSTEM, "grpc");
      case SQL -> said.getOrDefault(Semantic.DB_SYSTEM, "other_sql");
      case MESSAGING -> said.getOrDefault(Semantic.MESSAGING_SYSTEM, "");
    };
  }

  private static String method(RequestKind kind, Map<Semantic, String> said) {
    return switch (kind) {
      case HTTP -> said.getOrDefault(Semantic.HTTP_METHOD, "");
      case GRPC ->
          Semantic.grpcMethod(
              said.getOrDefault(Semantic.RPC_SERVICE, ""),
              said.getOrDefault(Semantic.RPC_METHOD, ""));
      case SQL -> said.getOrDefault(Semantic.DB_OPERATION, "");
      case MESSAGING -> said.getOrDefault(Semantic.MESSAGING_OPERATION, "");
    };
  }

  private static String route(RequestKind kind, Map<Semantic, String> said) {
    return switch (kind) {
      case HTTP -> said.getOrDefault(Semantic.HTTP_ROUTE, "");
      case GRPC -> "";
      case SQL -> said.getOrDefault(Semantic.DB_TARGET, "");
      case MESSAGING -> said.getOrDefault(Semantic.MESSAGING_TARGET, "");
    };
  }

  private static String peer(JsonObject attributes) {
    String address = text(attributes.get("server.address"));
    String port = text(attributes.get("server.port"));
    return address.isEmpty() || port.isEmpty()
        ? address
        : (address.indexOf(':') >= 0 ? "[" + address + "]" : address) + ":" + port;
  }
}
