package io.coral.agent.exchange;

import io.coral.model.Captured;
import io.coral.model.CapturedBatch;
import io.coral.model.Cause;
import io.coral.model.Exchange;
import io.coral.model.HttpRequestHead;
import io.coral.protocol.Origin;
import io.coral.protocol.http1.Http1Connection;
import io.coral.protocol.http1.Http1Framing;
import io.coral.protocol.http1.Http1Head;
import io.coral.telemetry.Figures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/// Counts every exchange once, whichever way it came.
///
/// The kernel sends an exchange when the next one begins on its connection or the connection ends.
/// For one whose answer has paused it sends a record in between: when head and tail of the answer
/// show that it is complete, the exchange is counted then, and the later record is dropped.
///
/// Owned by one thread. Remembers at most 65,536 idle connections and 16,384 connections of the
/// message way; what is forgotten is counted.
final class ExchangeAssembler {
  private static final int MAX_EARLY = 65_536;
  private static final int MAX_CONNECTIONS = 16_384;

  private final WallClock wallClock;
  private final boolean withHeaders;
  private final LongAdder noHead;
  private final LongAdder lostSync;
  private final LongAdder evicted;
  private final LongAdder early;
  private final LongAdder hostUnknown;
  /// Ordinal of the last exchange that was counted, by connection; only where a pause record was
  /// sent.
  private final Map<Long, Integer> counted = new LinkedHashMap<>(64, 0.75f, true);
  private final Map<Long, MessageConnection> connections = new LinkedHashMap<>(64, 0.75f, true);

  private static final class MessageConnection {
    final Http1Connection machine;
    final Captured.Bytes first;
    long lostSync;

    MessageConnection(Captured.Bytes first, boolean withHeaders) {
      this.machine = new Http1Connection(withHeaders);
      this.first = first;
    }
  }

  /// @param withHeaders whether the values of headers are kept
  ExchangeAssembler(WallClock wallClock, Figures figures, boolean withHeaders) {
    this.wallClock = wallClock;
    this.withHeaders = withHeaders;
    this.noHead = figures.dropped("no_request_head");
    this.lostSync = figures.counter("coral_message_way_lost_sync_total");
    this.evicted = figures.dropped("message_connections_evicted");
    this.early = figures.counter("coral_exchanges_counted_early_total");
    this.hostUnknown = figures.counter("coral_host_unknown_total");
  }

  List<Exchange> assemble(CapturedBatch batch) {
    List<Exchange> exchanges = new ArrayList<>(batch.records().size());
    for (Captured record : batch.records()) {
      switch (record) {
        case Captured.PairedExchange paired -> takePaired(paired, exchanges);
        case Captured.Bytes bytes -> takeBytes(bytes, exchanges);
        case Captured.Closed closed -> {
          MessageConnection connection = connections.remove(closed.connectionId());
          if (connection != null) {
            connection.machine.close();
            drain(connection, exchanges);
          }
        }
      }
    }
    return exchanges;
  }

  /// Connections of the message way that are open.
  int connections() {
    return connections.size();
  }

  private void takePaired(Captured.PairedExchange paired, List<Exchange> exchanges) {
    HttpRequestHead head =
        Http1Head.parseRequest(
            paired.requestPrefix(), 0, paired.requestPrefix().length, withHeaders);
    if (head == null) {
      noHead.increment();
      return;
    }
    if (!paired.complete() || paired.progressed()) {
      Integer last = counted.get(paired.connectionId());
      if (last != null && last - paired.ordinal() >= 0) {
        return;
      }
      if (!paired.complete()) {
        if (!Http1Framing.isComplete(
            head.method(),
            paired.responsePrefix(),
            paired.responseTail(),
            paired.responseBytes())) {
          return;
        }
        early.increment();
      }
      counted.put(paired.connectionId(), paired.ordinal());
      if (counted.size() > MAX_EARLY) {
        counted.remove(counted.keySet().iterator().next());
      }
    }
    if (head.host().isEmpty()) {
      hostUnknown.increment();
    }
    long end = paired.lastByteNanos() > 0 ? paired.lastByteNanos() : paired.emittedNanos();
    exchanges.add(
        new Exchange(
            wallClock.unixNanos(paired.startNanos()),
            paired.firstByteNanos() > 0 ? paired.firstByteNanos() - paired.startNanos() : -1,
            Math.max(0, end - paired.startNanos()),
            paired.processId(),
            paired.threadId(),
            paired.goroutineId(),
            paired.role(),
            head,
            paired.status(),
            paired.requestBytes(),
            paired.responseBytes(),
            paired.local(),
            paired.remote(),
            paired.linkSequence(),
            paired.connectionId(),
            paired.ordinal(),
            paired.cause(),
            paired.aborted()));
  }

  private void takeBytes(Captured.Bytes bytes, List<Exchange> exchanges) {
    MessageConnection connection =
        connections.computeIfAbsent(
            bytes.connectionId(), _ -> new MessageConnection(bytes, withHeaders));
    Origin origin =
        new Origin(bytes.timeNanos(), bytes.threadId(), bytes.goroutineId(), bytes.linkSequence());
    if (bytes.request()) {
      connection.machine.offerRequest(origin, bytes.position(), bytes.totalBytes(), bytes.bytes());
    } else {
      connection.machine.offerResponse(origin, bytes.position(), bytes.totalBytes(), bytes.bytes());
    }
    drain(connection, exchanges);
    if (connections.size() > MAX_CONNECTIONS) {
      evicted.increment();
      connections.remove(connections.keySet().iterator().next());
    }
  }

  private void drain(MessageConnection connection, List<Exchange> exchanges) {
    for (Http1Connection.Paired paired : connection.machine.drain()) {
      exchanges.add(exchange(connection.first, paired));
    }
    lostSync.add(connection.machine.lostSync() - connection.lostSync);
    connection.lostSync = connection.machine.lostSync();
  }

  private Exchange exchange(Captured.Bytes connection, Http1Connection.Paired paired) {
    long start = paired.origin().timeNanos();
    long end = paired.lastByteNanos() > 0 ? paired.lastByteNanos() : start;
    return new Exchange(
        wallClock.unixNanos(start),
        paired.firstByteNanos() > 0 ? paired.firstByteNanos() - start : -1,
        Math.max(0, end - start),
        connection.processId(),
        paired.origin().threadId(),
        paired.origin().goroutineId(),
        connection.role(),
        paired.head(),
        paired.status(),
        paired.requestBytes(),
        paired.responseBytes(),
        connection.local(),
        connection.remote(),
        paired.origin().linkSequence(),
        connection.connectionId(),
        0,
        Cause.UNKNOWN,
        paired.aborted());
  }
}
