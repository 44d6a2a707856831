package io.coral.telemetry;

import io.coral.histogram.Bounds;
import io.coral.model.ColumnBatch;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.StreamSchema;
import io.coral.model.Texts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/// Requests since the start of the process, as histograms for `/metrics`: the sums of the rows of
/// RED windows, with spans as exemplars, the last one of each series and bucket.
///
/// A request that two sources tell of is counted once. Rows are deltas, so that a sum over agents
/// never falls. At most [#MOST_SERIES] label sets; what does not fit is counted in one further
/// series of its metric, `otel_metric_overflow="true"`. Safe on any thread; about 2 µs a row of
/// RED, 0.25 µs a span, 0.3 KB a series and 0.6 KB more once it has exemplars.
public final class RequestSeries {
  static final int MOST_SERIES = 10_000;

  private static final int SERIES_A_PAGE = 100;
  private static final int MOST_KNOWN_SPANS = 20_000;
  private static final String OVERFLOW = "otel_metric_overflow=\"true\"";
  private static final String OTHER_ERROR = "_OTHER";
  private static final HexFormat HEX = HexFormat.of();

  private final LongAdder overflowed;
  private final Map<RequestFamily, Family> families = new EnumMap<>(RequestFamily.class);
  private int size;

  // What the spans of one dictionary belong to.
  private @Nullable Texts dictionary;
  private final Map<SpanKey, Optional<Series>> known = new HashMap<>();

  /// The series of a metric: all of them, and those that have counted something.
  private static final class Family {
    final RequestFamily names;
    final List<Double> bounds;
    final Map<String, Series> byLabels = new HashMap<>();
    final List<Series> counted = new ArrayList<>();
    private final int[] bucketOf = new int[Bounds.COUNT];

    Family(RequestFamily names) {
      this.names = names;
      this.bounds = names.bounds();
      for (int fine = 0; fine < Bounds.COUNT; fine++) {
        int bucket = 0;
        while (bucket < bounds.size()
            && Bounds.upperNanos(fine) > Math.round(bounds.get(bucket) * 1e9)) {
          bucket++;
        }
        bucketOf[fine] = bucket;
      }
    }

    /// The bucket that a bucket of [Bounds] lies in.
    int bucketOf(int fine) {
      return bucketOf[fine];
    }

    /// The label `le`; one form in both formats, so that it is one series.
    String upper(int bucket) {
      return bucket == bounds.size() ? "+Inf" : bounds.get(bucket).toString();
    }
  }

  private record SpanKey(
      boolean sent,
      int service,
      int system,
      int method,
      int route,
      int peer,
      long role,
      long status,
      boolean failed) {}

  private static final class Series {
    static final int EXEMPLAR = 5;

    final Family family;
    final String labels;
    final long[] counts;
    long total;
    long durationNanos;

    /// Trace id (two halves), span id, duration and end of the last span of each bucket.
    long @Nullable [] exemplars;

    Series(Family family, String labels) {
      this.family = family;
      this.labels = labels;
      this.counts = new long[family.bounds.size() + 1];
    }
  }

  public RequestSeries(Figures figures) {
    overflowed = figures.counter("coral_request_series_overflow_total");
    figures.gauge("coral_request_series", this::size);
    for (RequestFamily family : RequestFamily.values()) {
      families.put(family, new Family(family));
    }
  }

  private synchronized int size() {
    return size;
  }

  /// Adds rows of RED, or spans as exemplars; rows of other streams change nothing.
  ///
  /// @param isKept rows that can be found later
  public synchronized void add(ColumnBatch rows, IntPredicate isKept) {
    if (rows.schema().countsRequests()) {
      addRequests(rows);
    } else if (rows.schema().equals(StreamSchema.TRACES)
        || rows.schema().equals(StreamSchema.SPANS)) {
      addExemplars(rows, isKept);
    }
  }

  private void addRequests(ColumnBatch rows) {
    StreamSchema schema = rows.schema();
    RequestKind kind = RequestKind.of(schema);
    String[] services = rows.texts(schema.position("service"));
    String[] systems = rows.texts(schema.position("system"));
    String[] methods = rows.texts(schema.position("method"));
    String[] routes = rows.texts(schema.position("route"));
    String[] peers = rows.texts(schema.position("peer"));
    long[] roles = rows.longs(schema.position("role"));
    long[] statuses = rows.longs(schema.position("status"));
    long[] requests = rows.longs(schema.position("requests"));
    long[] errors = rows.longs(schema.position("errors"));
    long[] counted = rows.longs(schema.position("counted"));
    long[] durations = rows.longs(schema.position("duration_nanos"));
    long[] offsets = rows.longs(schema.position("histogram_offset"));
    int[][] histograms = rows.counts(schema.position("histogram"));
    for (int row = 0; row < rows.rows(); row++) {
      Role role = Role.ofCode((int) roles[row]);
      Family family = familyOf(kind, role, methods[row]);
      if (family == null || counted[row] == 0) {
        continue;
      }
      Operation operation =
          new Operation(
              kind,
              services[row],
              role,
              systems[row],
              methods[row],
              routes[row],
              (int) statuses[row],
              peers[row],
              requests[row] > 0 && errors[row] == requests[row]);
      Series series = seriesOf(family, operation.labels(), MOST_SERIES);
      if (series == null) {
        overflowed.add(requests[row]);
        series = overflow(family);
      }
      if (series.total == 0 && requests[row] > 0) {
        family.counted.add(series);
      }
      series.total += requests[row];
      series.durationNanos += durations[row];
      for (int i = 0; i < histograms[row].length; i++) {
        series.counts[family.bucketOf((int) offsets[row] + i)] +=
            Integer.toUnsignedLong(histograms[row][i]);
      }
    }
  }

  private @Nullable Family familyOf(RequestKind kind, Role role, String method) {
    RequestFamily family = RequestFamily.of(kind, role, method);
    return family == null ? null : families.get(family);
  }

  private @Nullable Series seriesOf(Family family, String labels, int most) {
    Series series = family.byLabels.get(labels);
    if (series == null && size < most) {
      series = new Series(family, labels);
      family.byLabels.put(labels, series);
      size++;
    }
    return series;
  }

  private static Series overflow(Family family) {
    return family.byLabels.computeIfAbsent(OVERFLOW, labels -> new Series(family, labels));
  }

  private void addExemplars(ColumnBatch rows, IntPredicate isKept) {
    StreamSchema schema = rows.schema();
    boolean sent = schema.equals(StreamSchema.SPANS);
    int[] services = rows.textIds(schema.position("service"));
    int[] methods = rows.textIds(schema.position("method"));
    int[] routes = rows.textIds(schema.position("route"));
    int[] systems = sent ? rows.textIds(schema.position("system")) : new int[0];
    int[] peers = sent ? new int[0] : rows.textIds(schema.position("peer"));
    long[] outcomes = sent ? rows.longs(schema.position("outcome")) : new long[0];
    long[] roles = rows.longs(schema.position("role"));
    long[] statuses = rows.longs(schema.position("status"));
    long[] starts = rows.longs(schema.position("start_unix_nanos"));
    long[] durations = rows.longs(schema.position("duration_nanos"));
    long[] traceIds = rows.uuids(schema.position("trace_id"));
    long[] spanIds = rows.longs(schema.position("span_id"));
    if (rows.dictionary() != dictionary || known.size() > MOST_KNOWN_SPANS) {
      dictionary = rows.dictionary();
      known.clear();
    }
    for (int row = 0; row < rows.rows(); row++) {
      if (!isKept.test(row) || roles[row] > Role.CONSUMER.code()) {
        continue;
      }
      SpanKey key =
          new SpanKey(
              sent,
              services[row],
              sent ? systems[row] : -1,
              methods[row],
              routes[row],
              sent ? -1 : peers[row],
              roles[row],
              statuses[row],
              sent && outcomes[row] == 2);
      Series series =
          known.computeIfAbsent(key, each -> seriesOf(each, rows.dictionary())).orElse(null);
      if (series != null) {
        long end = starts[row] + durations[row];
        keep(series, end, durations[row], traceIds, row, spanIds[row]);
      }
    }
  }

  /// The series of a span. One that has not counted yet may do so soon: spans of applications are
  /// stored before their requests are. They take half of the room at most.
  private Optional<Series> seriesOf(SpanKey key, Texts texts) {
    Role role = Role.ofCode((int) key.role);
    String system = key.system < 0 ? "http" : texts.text(key.system);
    String method = texts.text(key.method);
    RequestKind kind =
        system.equals("http")
            ? RequestKind.HTTP
            : method.startsWith("/")
                ? RequestKind.GRPC
                : role == Role.PRODUCER || role == Role.CONSUMER
                    ? RequestKind.MESSAGING
                    : RequestKind.SQL;
    Family family = system.isEmpty() ? null : familyOf(kind, role, method);
    if (family == null) {
      return Optional.empty();
    }
    Operation operation =
        new Operation(
            kind,
            texts.text(key.service),
            role,
            system,
            method,
            texts.text(key.route),
            (int) key.status,
            key.peer < 0 ? "" : texts.text(key.peer),
            key.failed || kind.isError(role, (int) key.status));
    return Optional.ofNullable(seriesOf(family, operation.labels(), MOST_SERIES / 2));
  }

  private static void keep(
      Series series, long endUnixNanos, long durationNanos, long[] traceIds, int row, long spanId) {
    long[] exemplars = series.exemplars;
    if (exemplars == null) {
      exemplars = new long[Series.EXEMPLAR * series.counts.length];
      series.exemplars = exemplars;
    }
    int bucket = series.family.bucketOf(Bounds.bucketOf(durationNanos));
    int at = Series.EXEMPLAR * bucket;
    if (endUnixNanos >= exemplars[at + 4]) {
      exemplars[at] = traceIds[2 * row];
      exemplars[at + 1] = traceIds[2 * row + 1];
      exemplars[at + 2] = spanId;
      exemplars[at + 3] = durationNanos;
      exemplars[at + 4] = endUnixNanos;
    }
  }

  /// What the labels of a series tell.
  private record Operation(
      RequestKind kind,
      String service,
      Role role,
      String system,
      String method,
      String route,
      int status,
      String peer,
      boolean failed) {
    String labels() {
      StringBuilder labels = new StringBuilder(160);
      MetricText.label(labels, "service_name", service);
      switch (kind) {
        case HTTP -> {
          MetricText.label(labels, "http_request_method", method);
          MetricText.label(labels, "http_route", route);
          MetricText.label(labels, "http_response_status_code", status > 0 ? "" + status : "");
        }
        case GRPC -> {
          int slash = method.lastIndexOf('/');
          MetricText.label(labels, "rpc_system", system);
          MetricText.label(
              labels, "rpc_service", slash > 0 ? method.substring(0, slash).replace("/", "") : "");
          MetricText.label(labels, "rpc_method", method.substring(slash + 1));
          MetricText.label(labels, "rpc_grpc_status_code", status >= 0 ? "" + status : "");
        }
        case SQL -> {
          MetricText.label(labels, "db_system_name", system);
          MetricText.label(labels, "db_operation_name", method);
          MetricText.label(labels, "db_collection_name", route);
        }
        case MESSAGING -> {
          MetricText.label(labels, "messaging_system", system);
          MetricText.label(labels, "messaging_operation_name", method);
          MetricText.label(labels, "messaging_destination_name", route);
        }
      }
      if (role == Role.CLIENT) {
        int colon = peer.lastIndexOf(':');
        String address = colon < 0 ? peer : peer.substring(0, colon);
        MetricText.label(labels, "server_address", address.replace("[", "").replace("]", ""));
        MetricText.label(labels, "server_port", colon < 0 ? "" : peer.substring(colon + 1));
      }
      if (failed) {
        MetricText.label(
            labels, "error_type", kind.isError(role, status) ? "" + status : OTHER_ERROR);
      }
      return labels.toString();
    }
  }

  /// Writes a page of series.
  ///
  /// @param from 0, or what the page before gave
  /// @return where the next page begins, -1 = that was all
  synchronized long write(long from, MetricText text) {
    int left = SERIES_A_PAGE;
    int first = (int) from;
    for (Family family : families.values()) {
      int number = family.names.ordinal();
      if (number < from >>> 32) {
        continue;
      }
      for (int i = first; i < family.counted.size(); i++) {
        if (left-- == 0) {
          return ((long) number << 32) | i;
        }
        if (i == 0) {
          text.family(family.names.metric(), "histogram", family.names.help());
        }
        write(family.counted.get(i), text);
      }
      first = 0;
    }
    return -1;
  }

  private static void write(Series series, MetricText text) {
    String metric = series.family.names.metric();
    long below = 0;
    for (int bucket = 0; bucket < series.counts.length; bucket++) {
      below += series.counts[bucket];
      text.add(metric).add("_bucket{").add(series.labels);
      text.add(",le=\"").add(series.family.upper(bucket)).add("\"} ").add(below);
      long[] exemplars = series.exemplars;
      if (exemplars != null && text.hasExemplars() && series.counts[bucket] > 0) {
        int at = Series.EXEMPLAR * bucket;
        writeExemplar(Arrays.copyOfRange(exemplars, at, at + Series.EXEMPLAR), text);
      }
      text.add("\n");
    }
    text.add(metric).add("_sum{").add(series.labels).add("} ");
    text.addSeconds(series.durationNanos).add("\n");
    text.add(metric).add("_count{").add(series.labels).add("} ").add(below).add("\n");
  }

  private static void writeExemplar(long[] exemplar, MetricText text) {
    if (exemplar[4] == 0) {
      return;
    }
    text.add(" # {trace_id=\"").add(HEX.toHexDigits(exemplar[0]));
    text.add(HEX.toHexDigits(exemplar[1]));
    text.add("\",span_id=\"").add(HEX.toHexDigits(exemplar[2])).add("\"} ");
    text.addSeconds(exemplar[3]).add(" ");
    long millis = exemplar[4] / 1_000_000;
    text.add(millis / 1000).add(".").add(Long.toString(1000 + millis % 1000).substring(1));
  }
}
