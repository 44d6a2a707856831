package io.coral.agent.trace;

import io.coral.model.Cause;
import io.coral.model.Evidence;
import io.coral.model.Exchange;
import io.coral.model.LinkKey;
import io.coral.model.Role;
import io.coral.model.RoutedExchange;
import io.coral.model.TraceContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An exchange on its way to becoming a span. What is needed to find its relatives stays when the
/// span is written; the exchange itself goes.
final class TraceNode {
  enum State {
    /// Its parent is looked for.
    OPEN,
    /// Its parent is known, or that it has none.
    DECIDED,
    /// Its span is written, or was sampled out.
    WRITTEN
  }

  final long arrivedNanos;
  final long startNanos;
  final long endNanos;
  final int processId;
  final int threadId;
  final long goroutineId;
  final boolean server;
  final long exchangeKey;
  final long linkKey;
  final long requestHash;
  final Cause cause;
  final String service;
  final long durationNanos;
  final boolean failed;
  final @Nullable TraceContext context;
  @Nullable RoutedExchange routed;
  State state = State.OPEN;
  Evidence evidence = Evidence.NONE;
  @Nullable TraceNode parent;
  long spanId;

  /// Of the written span.
  long traceHigh;

  long traceLow;
  boolean kept;

  private List<TraceNode> children = List.of();

  /// @param arrivedNanos monotonic
  TraceNode(RoutedExchange routed, long arrivedNanos) {
    Exchange exchange = routed.exchange();
    this.routed = routed;
    this.arrivedNanos = arrivedNanos;
    this.startNanos = exchange.startUnixNanos();
    this.endNanos = exchange.endUnixNanos();
    this.processId = exchange.processId();
    this.threadId = exchange.threadId();
    this.goroutineId = exchange.goroutineId();
    this.server = exchange.role() == Role.SERVER;
    this.exchangeKey = exchangeKey(exchange.connectionId(), exchange.ordinal());
    this.linkKey = LinkKey.of(exchange);
    this.requestHash = LinkKey.requestHash(exchange.request());
    this.cause = exchange.cause();
    this.service = routed.service();
    this.durationNanos = exchange.durationNanos();
    this.failed = Exchange.isError(exchange.role(), exchange.status());
    this.context = exchange.traceContext();
  }

  /// Connections are counted from 1, and so are the exchanges of one.
  static long exchangeKey(long connectionId, int ordinal) {
    return connectionId << 24 ^ ordinal;
  }

  void addChild(TraceNode child) {
    if (children.isEmpty()) {
      children = new ArrayList<>(2);
    }
    children.add(child);
  }

  List<TraceNode> children() {
    return children;
  }

  /// The span is written: what only the span needed goes.
  void written() {
    state = State.WRITTEN;
    routed = null;
    children = List.of();
  }

  boolean contains(long timeNanos) {
    return startNanos <= timeNanos && timeNanos <= endNanos;
  }

  /// Whether the request came with the very header that another one had: somebody passed it on.
  boolean sameHeader(TraceNode other) {
    return context != null && context.equals(other.context);
  }
}
