package io.coral.agent.trace;

import io.coral.calls.CallCounts;
import io.coral.model.Cause;
import io.coral.model.ColumnBatch;
import io.coral.model.Evidence;
import io.coral.model.LeastRecentMap;
import io.coral.model.LinkKey;
import io.coral.model.ProcessDirectory;
import io.coral.model.RoutedExchange;
import io.coral.model.StreamSchema;
import io.coral.model.TraceContext;
import io.coral.model.TraceShare;
import io.coral.telemetry.Figures;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Makes traces of the exchanges of one host.
///
/// An exchange is known when it has ended, so a callee comes before its caller. Each waits 1.25 s,
/// by then both ends of every hop have come, and is decided: its parent is looked for by
///
///  - the `traceparent` that it passed on, or that its parent sent;
///  - the TCP sequence number, which client and server of a hop both saw;
///  - what caused a call in its process: the goroutine, or the request that the thread read last,
///    provided that the thread was done with every other one; for proxies, which serve many at
///    once on a thread, the request that was read right before they connected.
///
/// What remains has no parent, or more than one candidate, and says which. A span is written when
/// its parent is, at the latest after 10 s; a parent that comes later leaves a row in
/// `trace_aliases`. A trace has the id that a header in it gives, else a random one.
///
/// Holds at most [#MAX_NODES] exchanges. From half of that on, and of a service from three times as
/// many as it may store, a share of the hops is taken and the rest counted. Owned by one thread.
final class TraceAssembler {
  /// About 40 MB.
  static final int MAX_NODES = 60_000;

  private static final long SECOND = 1_000_000_000L;
  private static final long DECIDE_NANOS = 1_250_000_000L;
  private static final long LONGEST_WAIT_NANOS = 10 * SECOND;
  private static final long REMEMBER_NANOS = 5 * SECOND;
  private static final int MAX_LATE = 10_000;
  private static final int MAX_LATE_CALLS = 8;

  private final ProcessDirectory processes;
  private final SpanRows spans;
  private final RandomGenerator random;
  private final LongAdder overCapacity;
  private final LongAdder overRate;
  private final ServiceRates rates = new ServiceRates();
  private final Map<Evidence, LongAdder> decided = new EnumMap<>(Evidence.class);
  private ColumnBatch.Builder aliases = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 8);

  private final CallCounts calls = new CallCounts("captured");
  private final Relatives relatives = new Relatives();

  /// In the order of arrival: what is to be decided, and what is remembered.
  private final ArrayDeque<TraceNode> waiting = new ArrayDeque<>();

  private final ArrayDeque<TraceNode> late = new ArrayDeque<>();
  private final ArrayDeque<TraceNode> known = new ArrayDeque<>();

  /// Written calls whose parent had not ended.
  private final Map<Long, List<TraceNode>> lateByExchange = new LeastRecentMap<>(MAX_LATE);

  private final Map<Relatives.GoroutineKey, List<TraceNode>> lateByGoroutine =
      new LeastRecentMap<>(MAX_LATE);

  TraceAssembler(
      ProcessDirectory processes, SpanRows spans, RandomGenerator random, Figures figures) {
    this.processes = processes;
    this.spans = spans;
    this.random = random;
    this.overCapacity = figures.counter("coral_spans_unassembled_total{reason=\"over_capacity\"}");
    this.overRate = figures.counter("coral_spans_unassembled_total{reason=\"over_rate\"}");
    for (Evidence evidence : Evidence.values()) {
      String text = evidence == Evidence.NONE ? "none" : evidence.text();
      decided.put(evidence, figures.counter("coral_trace_links_total{evidence=\"" + text + "\"}"));
    }
  }

  /// Exchanges that wait or are remembered.
  int size() {
    return waiting.size() + late.size() + known.size();
  }

  /// @param nowNanos monotonic
  void add(RoutedExchange routed, long nowNanos) {
    relatives.observe(routed.exchange(), nowNanos);
    double share = share(LinkKey.of(routed.exchange()));
    if (share >= rates.allowed(routed.service(), nowNanos)) {
      overRate.increment();
      return;
    }
    if (share >= 2 * (1 - (double) size() / MAX_NODES)) {
      overCapacity.increment();
      return;
    }
    TraceNode node = new TraceNode(routed, nowNanos);
    waiting.add(node);
    relatives.add(node);
  }

  /// Both ends of a hop share their fate, since the choice is by its link key.
  private static double share(long linkKey) {
    return TraceShare.of(linkKey);
  }

  private boolean isOverloaded(TraceNode node) {
    RoutedExchange routed = node.routed;
    return size() > MAX_NODES / 2 || (routed != null && rates.isOver(routed.service()));
  }

  /// Decides what has waited long enough and writes what is decided.
  void advance(long nowNanos) {
    while (!waiting.isEmpty() && nowNanos - waiting.peek().arrivedNanos >= DECIDE_NANOS) {
      TraceNode node = waiting.remove();
      known.add(node);
      if (!decide(node, false)) {
        late.add(node);
      }
    }
    for (Iterator<TraceNode> each = late.iterator(); each.hasNext(); ) {
      TraceNode node = each.next();
      if (decide(node, nowNanos - node.arrivedNanos >= LONGEST_WAIT_NANOS)) {
        each.remove();
      }
    }
    while (!known.isEmpty()
        && nowNanos - known.peek().arrivedNanos >= REMEMBER_NANOS
        && forget(known.peek(), nowNanos)) {
      known.remove();
    }
  }

  /// Decides and writes everything; the end of the agent.
  void finish() {
    known.addAll(waiting);
    late.addAll(waiting);
    waiting.clear();
    late.forEach(node -> decide(node, true));
    late.clear();
    known.stream().filter(node -> node.state == TraceNode.State.DECIDED).forEach(this::writeAlone);
  }

  /// @return whether the node is decided now
  private boolean decide(TraceNode node, boolean finallyNow) {
    if (node.state != TraceNode.State.OPEN) {
      return true;
    }
    return node.server ? decideServer(node) : decideClient(node, finallyNow);
  }

  private boolean decideServer(TraceNode node) {
    TraceNode client = relatives.clientOf(node);
    if (client != null) {
      boolean header = node.sameHeader(client);
      settle(node, client, header ? Evidence.TRACEPARENT : Evidence.TCP_SEQ);
    } else if (node.context != null) {
      settle(node, null, Evidence.TRACEPARENT);
    } else {
      settle(node, null, isOverloaded(node) ? Evidence.UNASSEMBLED : Evidence.NONE);
    }
    return true;
  }

  private boolean decideClient(TraceNode node, boolean finallyNow) {
    // A header that came in and went out again unchanged was passed on.
    TraceNode passedOn = relatives.passedOnBy(node);
    if (passedOn != null) {
      settle(node, passedOn, Evidence.TRACEPARENT);
      return true;
    }
    Cause cause = node.cause;
    if (cause.callerGoroutineId() != 0) {
      return decideByGoroutine(node, finallyNow);
    }
    if (cause.parentConnectionId() != 0) {
      return decideByThread(node, finallyNow);
    }
    settleWithoutParent(node);
    return true;
  }

  private boolean decideByGoroutine(TraceNode node, boolean finallyNow) {
    TraceNode parent = relatives.servedBy(node, node.cause.callerGoroutineId());
    if (parent == null && node.cause.callerParentGoroutineId() != 0) {
      parent = relatives.servedBy(node, node.cause.callerParentGoroutineId());
    }
    if (parent != null) {
      settle(node, parent, Evidence.GOROUTINE);
      return true;
    }
    if (!finallyNow && relatives.serves(node.processId)) {
      return false;
    }
    settleWithoutParent(node);
    // The request may take longer than we wait, or be the first that the process serves.
    rememberLate(
        lateByGoroutine,
        new Relatives.GoroutineKey(node.processId, node.cause.callerGoroutineId()),
        node);
    if (node.cause.callerParentGoroutineId() != 0) {
      rememberLate(
          lateByGoroutine,
          new Relatives.GoroutineKey(node.processId, node.cause.callerParentGoroutineId()),
          node);
    }
    return true;
  }

  private boolean decideByThread(TraceNode node, boolean finallyNow) {
    Cause cause = node.cause;
    long key = TraceNode.exchangeKey(cause.parentConnectionId(), cause.parentOrdinal());
    TraceNode parent = relatives.server(key);
    boolean proxy = isProxy(node);
    if (parent == null) {
      if (!finallyNow) {
        return false;
      }
      settle(node, null, proxy && cause.parentFresh() ? Evidence.LATE : Evidence.AMBIGUOUS);
      rememberLate(lateByExchange, key, node);
      return true;
    }
    if (proxy && cause.parentFresh()) {
      settle(node, parent, Evidence.CONNECT_TIME);
      return true;
    }
    Relatives.ByThread only = relatives.isOnlyWork(parent, node);
    if (only == Relatives.ByThread.NOT_YET && !finallyNow) {
      return false;
    }
    boolean alone = only == Relatives.ByThread.YES;
    settle(node, alone ? parent : null, alone ? Evidence.THREAD : Evidence.AMBIGUOUS);
    return true;
  }

  /// Serves many requests at once on a thread, and calls right after it has read one.
  private boolean isProxy(TraceNode node) {
    return processes.runtimeOf(node.processId).equals("proxy");
  }

  /// A call of a process that was serving something else at that time may belong to it.
  private void settleWithoutParent(TraceNode node) {
    boolean serving = relatives.wasServing(node);
    settle(node, null, serving ? Evidence.AMBIGUOUS : Evidence.NONE);
  }

  private static <K> void rememberLate(Map<K, List<TraceNode>> calls, K parent, TraceNode call) {
    List<TraceNode> remembered = calls.computeIfAbsent(parent, _ -> new ArrayList<>(1));
    if (remembered.size() == MAX_LATE_CALLS) {
      remembered.removeFirst();
    }
    remembered.add(call);
  }

  private void settle(TraceNode node, @Nullable TraceNode found, Evidence evidence) {
    // No run of events leads to a circle; reused numbers might.
    TraceNode parent = found == null || isAncestor(node, found) ? null : found;
    node.state = TraceNode.State.DECIDED;
    node.evidence = evidence;
    node.parent = parent;
    LongAdder counter = decided.get(evidence);
    if (counter != null) {
      counter.increment();
    }
    TraceContext context = node.context;
    boolean ownHeader =
        !node.server && context != null && (parent == null || !node.sameHeader(parent));
    node.spanId = ownHeader && context != null ? context.spanId() : nonZero();
    if (parent == null) {
      writeTree(node);
    } else if (parent.state == TraceNode.State.WRITTEN) {
      inherit(node, parent);
      writeTree(node);
    } else {
      parent.addChild(node);
    }
  }

  private static boolean isAncestor(TraceNode node, TraceNode descendant) {
    TraceNode above = descendant;
    while (above != null && above != node) {
      above = above.parent;
    }
    return above != null;
  }

  private static void inherit(TraceNode node, TraceNode parent) {
    node.traceHigh = parent.traceHigh;
    node.traceLow = parent.traceLow;
    node.kept = parent.kept;
  }

  private long nonZero() {
    long id = random.nextLong();
    return id == 0 ? 1 : id;
  }

  /// Writes a node whose parent is written, or that has none, and everything below it.
  private void writeTree(TraceNode top) {
    List<TraceNode> tree = new ArrayList<>();
    tree.add(top);
    for (int i = 0; i < tree.size(); i++) {
      tree.addAll(tree.get(i).children());
    }
    if (top.parent == null) {
      identify(top, tree);
    }
    for (TraceNode node : tree) {
      TraceNode parent = node.parent;
      if (node != top) {
        node.traceHigh = top.traceHigh;
        node.traceLow = top.traceLow;
        node.kept = top.kept;
      }
      write(node, parent == null ? headerParent(node) : parent.spanId);
    }
  }

  /// A trace has the id of a header in it, so that spans of an SDK are found in it.
  private void identify(TraceNode top, List<TraceNode> tree) {
    TraceContext context = top.context;
    for (int i = 0; context == null && i < tree.size(); i++) {
      context = tree.get(i).context;
    }
    top.traceHigh = context == null ? random.nextLong() : context.traceIdHigh();
    top.traceLow = context == null ? random.nextLong() : context.traceIdLow();
    top.kept = spans.keep(top.traceLow, tree);
  }

  /// A server that no captured client reached: the sender of its header is its parent.
  private static long headerParent(TraceNode node) {
    TraceContext context = node.context;
    return node.server && context != null ? context.spanId() : 0;
  }

  private void write(TraceNode node, long parentSpanId) {
    RoutedExchange routed = node.routed;
    if (routed != null) {
      spans.add(routed, node, parentSpanId);
    }
    count(node);
    alias(node);
    node.written();
    if (node.server) {
      adopt(node);
    } else {
      adoptServer(node);
    }
  }

  /// A header that names another trace: that one is a part of this.
  private void alias(TraceNode node) {
    TraceContext context = node.context;
    if (context != null
        && (context.traceIdHigh() != node.traceHigh || context.traceIdLow() != node.traceLow)) {
      addAlias(context.traceIdHigh(), context.traceIdLow(), node, 0, 0, Evidence.TRACEPARENT);
    }
  }

  private void addAlias(
      long fromHigh, long fromLow, TraceNode to, long spanId, long parentId, Evidence evidence) {
    aliases
        .add(fromHigh, fromLow)
        .add(to.traceHigh, to.traceLow)
        .add(spanId)
        .add(parentId)
        .add(evidence.text())
        .add(to.startNanos);
  }

  /// Calls that were written before the request that caused them had ended.
  private void adopt(TraceNode server) {
    for (TraceNode call : removed(lateByExchange, server.exchangeKey)) {
      boolean proxy = isProxy(server);
      if (proxy && call.cause.parentFresh()) {
        join(call, server, Evidence.CONNECT_TIME);
      } else if (!proxy && relatives.isOnlyWork(server, call) == Relatives.ByThread.YES) {
        join(call, server, Evidence.THREAD);
      }
    }
    if (server.goroutineId != 0) {
      Relatives.GoroutineKey key = Relatives.goroutine(server);
      List<TraceNode> calls = lateByGoroutine.getOrDefault(key, List.of());
      for (TraceNode call : List.copyOf(calls)) {
        if (server.contains(call.startNanos)) {
          calls.remove(call);
          join(call, server, Evidence.GOROUTINE);
        }
      }
    }
  }

  private static <K> List<TraceNode> removed(Map<K, List<TraceNode>> calls, K key) {
    List<TraceNode> removed = calls.remove(key);
    return removed == null ? List.of() : removed;
  }

  /// A server that was written as a root before its client had come.
  private void adoptServer(TraceNode client) {
    for (TraceNode each : relatives.serversOf(client)) {
      if (each.state == TraceNode.State.WRITTEN && each.parent == null) {
        join(each, client, Evidence.TCP_SEQ);
      }
    }
  }

  private void join(TraceNode child, TraceNode parent, Evidence evidence) {
    child.parent = parent;
    count(child);
    if (child.traceHigh != parent.traceHigh || child.traceLow != parent.traceLow) {
      addAlias(child.traceHigh, child.traceLow, parent, child.spanId, parent.spanId, evidence);
      inherit(child, parent);
    }
  }

  private void count(TraceNode node) {
    TraceNode caller = node.parent;
    if (node.server && caller != null && !caller.service.equals(node.service)) {
      calls.add(caller.service, node.service, node.endNanos, node.durationNanos, node.failed);
    }
  }

  /// @return whether the node was let go
  private boolean forget(TraceNode node, long nowNanos) {
    if (node.state == TraceNode.State.OPEN) {
      return false;
    }
    if (node.state == TraceNode.State.DECIDED) {
      if (nowNanos - node.arrivedNanos < LONGEST_WAIT_NANOS + DECIDE_NANOS) {
        return false;
      }
      // Its parent is decided by now and waits for nothing but a parent of its own.
      writeAlone(node);
    }
    relatives.remove(node);
    return true;
  }

  private void writeAlone(TraceNode node) {
    TraceNode top = node;
    TraceNode above = top.parent;
    while (above != null && above.state != TraceNode.State.WRITTEN) {
      top = above;
      above = top.parent;
    }
    if (top.state == TraceNode.State.DECIDED) {
      writeTree(top);
    }
  }

  /// Requests that the kernel side lost, or could not pair, are missed by their threads in vain.
  void recordsWereLost(long nowNanos) {
    relatives.skipMissing(nowNanos - LONGEST_WAIT_NANOS);
  }

  /// Rows of `service_calls` since the last call.
  ColumnBatch flushCalls() {
    return calls.flush();
  }

  /// Rows of `trace_aliases` since the last call.
  ColumnBatch flushAliases() {
    ColumnBatch batch = aliases.build();
    aliases = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 8);
    return batch;
  }
}
