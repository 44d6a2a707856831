package io.coral.agent.aggregate;

import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.Exchange;
import io.coral.model.ObservedRequests;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.ServiceName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/// Rate, errors and duration per series in windows of 10 s by the end of the request.
///
/// What was counted since the last [#flush] leaves as rows, each the delta of its window; later
/// data make further rows. Requests of a service that is observed, by Coral's capture or by Beyla,
/// are not counted again from its spans: those rows are there, but say so. One
/// thread; about 0.2 µs a request and 1.4 KB a series that was active since the flush.
final class RedWindows {
  /// More series are not to wait for the next flush.
  static final int MANY_SERIES = 20_000;

  private static final long WINDOW_NANOS = 10_000_000_000L;
  private static final long CAPTURE_LASTS_NANOS = 600_000_000_000L;

  /// Beyla leaves services alone once it has noticed that they send OTLP themselves.
  private static final long BEYLA_LASTS_NANOS = 60_000_000_000L;

  private static final String OTHER_PEERS = "(other)";
  private static final String CAPTURED = "captured";
  private static final String BEYLA = "beyla";
  private static final String SENT = "otlp";

  private final String attributes;
  private final int maxPeers;
  private final LongAdder otherPeers;
  private final long patienceNanos;
  private final long observingLastsNanos;
  private final Map<Long, Map<Key, Series>> windows = new TreeMap<>();
  private final Map<String, Map<String, Boolean>> peers = new HashMap<>();
  private final Map<Observed, Long> observedLast = new HashMap<>();
  private int series;

  /// What a series is made of.
  ///
  /// @param source `captured`, `otlp` or `beyla`
  /// @param failed kept apart, since a status alone does not always tell
  record Key(
      RequestKind kind,
      String service,
      Role role,
      String system,
      String method,
      String route,
      int status,
      String peer,
      String source,
      boolean failed) {}

  /// What may be seen by two sources.
  private record Observed(RequestKind kind, String service, Role role) {}

  private static final class Series {
    final String nameSource;
    final LatencyHistogram histogram = new LatencyHistogram();
    long durationNanos;
    long requestBytes;
    long responseBytes;
    long lastUnixNanos;

    Series(String nameSource) {
      this.nameSource = nameSource;
    }
  }

  /// @param attributes JSON object that stands on every row
  /// @param maxPeers different peers that a service may have, ≥ 1
  /// @param patience how long after its window a request that a span tells of may be reported by
  ///     Beyla; until then it is not decided whether it is counted. Zero = Beyla does not observe
  RedWindows(String attributes, int maxPeers, LongAdder otherPeers, Duration patience) {
    this.attributes = attributes;
    this.maxPeers = maxPeers;
    this.otherPeers = otherPeers;
    this.patienceNanos = patience.toNanos();
    this.observingLastsNanos = patience.isZero() ? CAPTURE_LASTS_NANOS : BEYLA_LASTS_NANOS;
  }

  /// Counts a captured exchange.
  void add(Exchange exchange, ServiceName service, String route, String peer) {
    long end = exchange.endUnixNanos();
    Key key =
        new Key(
            RequestKind.HTTP,
            service.name(),
            exchange.role(),
            "http",
            exchange.request().method(),
            route,
            exchange.status(),
            admitted(service.name(), peer),
            CAPTURED,
            RequestKind.HTTP.isError(exchange.role(), exchange.status()));
    Series counted = seriesOf(key, service.source(), end);
    counted.requestBytes += exchange.requestBytes();
    counted.responseBytes += exchange.responseBytes();
    count(counted, end, exchange.durationNanos());
  }

  /// Counts a request that a span tells of.
  void add(Key key, long endUnixNanos, long durationNanos) {
    count(seriesOf(key, SENT, endUnixNanos), endUnixNanos, durationNanos);
  }

  /// Adds requests that Beyla counted.
  void add(ObservedRequests.Counted counted, String route) {
    String service = counted.service();
    Key key =
        new Key(
            counted.kind(),
            service,
            counted.role(),
            counted.system(),
            counted.method(),
            route,
            counted.status(),
            counted.peer().isEmpty() ? "" : admitted(service, counted.peer()),
            BEYLA,
            counted.failed());
    Series known = seriesOf(key, BEYLA, counted.endUnixNanos());
    known.histogram.merge(counted.histogramOffset(), counted.histogram());
    known.durationNanos += counted.durationNanos();
    known.lastUnixNanos = Math.max(known.lastUnixNanos, counted.endUnixNanos());
  }

  private Series seriesOf(Key key, String nameSource, long endUnixNanos) {
    Map<Key, Series> window =
        windows.computeIfAbsent(
            Math.floorDiv(endUnixNanos, WINDOW_NANOS) * WINDOW_NANOS, _ -> new HashMap<>());
    Series known = window.get(key);
    if (known == null) {
      known = new Series(nameSource);
      window.put(key, known);
      series++;
    }
    return known;
  }

  private static void count(Series series, long endUnixNanos, long durationNanos) {
    series.histogram.record(durationNanos);
    series.durationNanos += durationNanos;
    series.lastUnixNanos = Math.max(series.lastUnixNanos, endUnixNanos);
  }

  private String admitted(String service, String peer) {
    Map<String, Boolean> known = peers.computeIfAbsent(service, _ -> new HashMap<>());
    if (!known.containsKey(peer)) {
      if (known.size() >= maxPeers) {
        otherPeers.increment();
        return OTHER_PEERS;
      }
      known.put(peer, true);
    }
    return peer;
  }

  /// Series that were active since the flush.
  int series() {
    return series;
  }

  /// The rows since the last flush, a batch for each kind that has some.
  ///
  /// @param nowUnixNanos `Long.MAX_VALUE` = nothing is to wait
  List<ColumnBatch> flush(long nowUnixNanos) {
    windows.forEach(
        (window, byKey) ->
            byKey.keySet().stream()
                .filter(key -> !key.source.equals(SENT))
                .forEach(key -> observedLast.merge(observed(key), window, Math::max)));
    Map<RequestKind, ColumnBatch.Builder> batches = new EnumMap<>(RequestKind.class);
    boolean crowded = series > MANY_SERIES;
    Iterator<Map.Entry<Long, Map<Key, Series>>> each = windows.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<Long, Map<Key, Series>> entry = each.next();
      long window = entry.getKey();
      boolean early = !crowded && nowUnixNanos - window - WINDOW_NANOS < patienceNanos;
      Iterator<Map.Entry<Key, Series>> rows = entry.getValue().entrySet().iterator();
      while (rows.hasNext()) {
        Map.Entry<Key, Series> row = rows.next();
        Key key = row.getKey();
        if (early && key.source.equals(SENT)) {
          continue;
        }
        add(
            batches.computeIfAbsent(key.kind, kind -> new ColumnBatch.Builder(kind.stream(), 64)),
            window,
            key,
            row.getValue(),
            !key.source.equals(SENT) || !isObserved(key, window));
        rows.remove();
        series--;
      }
      if (entry.getValue().isEmpty()) {
        each.remove();
      }
    }
    List<ColumnBatch> built = new ArrayList<>();
    batches.values().forEach(batch -> built.add(batch.build()));
    return built;
  }

  private boolean isObserved(Key key, long window) {
    Long last = observedLast.get(observed(key));
    return last != null && Math.abs(window - last) <= observingLastsNanos;
  }

  private static Observed observed(Key key) {
    return new Observed(key.kind, key.service, key.role);
  }

  private void add(ColumnBatch.Builder rows, long window, Key key, Series series, boolean counted) {
    rows.add(window)
        .add(key.service)
        .add(key.role.code())
        .add(key.method)
        .add(key.route)
        .add(key.status)
        .add(key.peer)
        .add(series.histogram.total())
        .add(series.durationNanos)
        .add(series.requestBytes)
        .add(series.responseBytes)
        .add(series.lastUnixNanos)
        .add(series.histogram.offset())
        .add(series.histogram.sparseCounts())
        .add(series.nameSource)
        .add(attributes)
        .add(key.system)
        .add(key.failed ? series.histogram.total() : 0L)
        .add(key.source)
        .add(counted ? 1L : 0L);
  }
}
