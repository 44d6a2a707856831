package io.coral.agent.aggregate;

import com.google.gson.Gson;
import io.coral.bus.Topics;
import io.coral.calls.CallCounts;
import io.coral.calls.CallPairs;
import io.coral.config.AgentConfig;
import io.coral.model.ColumnBatch;
import io.coral.model.Endpoint;
import io.coral.model.Exchange;
import io.coral.model.ExchangeBatch;
import io.coral.model.LeastRecentMap;
import io.coral.model.ObservedRequests;
import io.coral.model.ProcessDirectory;
import io.coral.model.Role;
import io.coral.model.RoutedBatch;
import io.coral.model.RoutedExchange;
import io.coral.model.ServiceName;
import io.coral.model.SpanRequests;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/// Event loop. Counts captured exchanges, and the requests that spans and Beyla tell of. RED rows
/// leave at the configured interval; each batch of exchanges goes on with the names under which it
/// was counted.
public final class AggregateVerticle extends VerticleBase {
  private static final int MAX_ROUTES = 300;
  private static final int MAX_PEERS = 100;
  private static final int PEER_CACHE = 4096;

  private final Topics topics;
  private final ProcessDirectory processes;
  private final AgentConfig config;
  private final Clock clock;
  private final RedWindows windows;
  private final LongAdder counted;
  private final LongAdder otherRoutes;
  private final LongAdder shed;
  private final LongAdder unassembled;
  private final Map<String, RouteTable> routes = new HashMap<>();
  private final SpanKeys spanKeys = new SpanKeys(this::routeOf);
  private final CallCounts calls = new CallCounts("otlp");
  private final CallPairs callPairs;
  private final Map<Endpoint, String> peerNames = new LeastRecentMap<>(PEER_CACHE);

  /// @param patience how long after the end of a window an observer may report its requests
  public AggregateVerticle(
      Topics topics,
      ProcessDirectory processes,
      Figures figures,
      AgentConfig config,
      Duration patience,
      Clock clock) {
    this.topics = topics;
    this.processes = processes;
    this.config = config;
    this.clock = clock;
    String attributes = new Gson().toJson(new TreeMap<>(config.beyla().attributes()));
    this.windows =
        new RedWindows(attributes, MAX_PEERS, figures.counter("coral_peers_other_total"), patience);
    this.counted = figures.counter("coral_exchanges_counted_total");
    this.otherRoutes = figures.counter("coral_routes_other_total");
    this.shed = figures.dropped("storage_behind");
    this.callPairs = new CallPairs(calls, figures.counter("coral_calls_unpaired_total"));
    this.unassembled = figures.counter("coral_spans_unassembled_total{reason=\"behind\"}");
  }

  @Override
  public Future<?> start() {
    topics.exchanges().listen(this::take);
    topics.spans().listen(this::take);
    topics.observed().listen(this::take);
    vertx.setPeriodic(config.flushInterval().toMillis(), _ -> flushWindows(nowUnixNanos()));
    return Future.succeededFuture();
  }

  private void take(ExchangeBatch batch) {
    if (!config.beyla().httpEnabled()) {
      return;
    }
    List<RoutedExchange> routed = new ArrayList<>(batch.exchanges().size());
    for (Exchange exchange : batch.exchanges()) {
      ServiceName service = processes.serviceOf(exchange.processId());
      RouteTable table =
          routes.computeIfAbsent(
              service.name(), _ -> new RouteTable(config.beyla().routePatterns(), MAX_ROUTES));
      long otherBefore = table.other();
      String route = table.routeOf(exchange.request().path(), exchange.status() == 404);
      otherRoutes.add(table.other() - otherBefore);
      String peer = peerOf(exchange);
      windows.add(exchange, service, route, peer);
      routed.add(new RoutedExchange(exchange, service.name(), route, peer));
    }
    counted.add(batch.exchanges().size());
    if (!topics.routed().publish(new RoutedBatch(routed))) {
      unassembled.add(routed.size());
    }
  }

  /// Who asked is an address, since its port means nothing; who was asked is an address with a
  /// port.
  private String peerOf(Exchange exchange) {
    Endpoint remote = exchange.remote();
    return exchange.role() == Role.CLIENT
        ? peerNames.computeIfAbsent(remote, Endpoint::hostAndPort)
        : peerNames.computeIfAbsent(
            new Endpoint(remote.family(), remote.high(), remote.low(), 0), Endpoint::address);
  }

  private void take(SpanRequests requests) {
    for (int i = 0; i < requests.size(); i++) {
      windows.add(spanKeys.of(requests, i), requests.endUnixNanos(i), requests.durationNanos(i));
    }
    if (windows.series() > RedWindows.MANY_SERIES) {
      flushWindows(nowUnixNanos());
    }
    pair(requests);
  }

  private void pair(SpanRequests requests) {
    long now = System.nanoTime();
    int service = -1;
    int place = -1;
    for (int i = 0; i < requests.spans(); i++) {
      if (place < 0 || requests.service(i) != service) {
        service = requests.service(i);
        place = callPairs.place("", requests.dictionary().text(service));
      }
      long high = requests.traceHigh(i);
      long low = requests.traceLow(i);
      callPairs.span(CallPairs.key(high, low, requests.spanId(i)), place, now);
      if (requests.calledBy(i) != 0) {
        callPairs.call(
            CallPairs.key(high, low, requests.calledBy(i)),
            place,
            requests.spanEndUnixNanos(i),
            requests.spanDurationNanos(i),
            requests.failed(i),
            now);
      }
    }
  }

  private void take(ObservedRequests requests) {
    for (ObservedRequests.Counted each : requests.counted()) {
      windows.add(
          each,
          each.route().isEmpty() && !each.path().isEmpty()
              ? routeOf(each.service(), each.path(), each.status() == 404)
              : each.route());
    }
  }

  private String routeOf(String service, String path, boolean unmatched) {
    return routes
        .computeIfAbsent(service, _ -> new RouteTable(config.beyla().routePatterns(), MAX_ROUTES))
        .routeOf(path, unmatched);
  }

  private long nowUnixNanos() {
    return clock.millis() * 1_000_000;
  }

  private void flushWindows(long nowUnixNanos) {
    windows.flush(nowUnixNanos).forEach(this::publish);
    ColumnBatch counted = calls.flush();
    if (counted.rows() > 0) {
      publish(counted);
    }
  }

  private void publish(ColumnBatch rows) {
    if (!topics.rows().publish(rows)) {
      shed.add(rows.rows());
    }
  }

  @Override
  public Future<?> stop() {
    flushWindows(Long.MAX_VALUE);
    return Future.succeededFuture();
  }
}
