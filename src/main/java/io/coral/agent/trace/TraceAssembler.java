package io.coral.agent.trace;

import io.coral.model.Cause;
import io.coral.model.ColumnBatch;
import io.coral.model.Evidence;
import io.coral.model.LinkKey;
import io.coral.model.ProcessDirectory;
import io.coral.model.RoutedExchange;
import io.coral.model.StreamSchema;
import io.coral.model.TraceContext;
import io.coral.telemetry.Figures;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
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
/// Holds at most [#MAX_NODES] exchanges. From half of that on a share of the hops is taken and the
/// rest counted. Owned by one thread.
final class TraceAssembler {
  /// About 40 MB.
  static final int MAX_NODES = 60_000;

  private static final long SECOND = 1_000_000_000L;
  private static final long DECIDE_NANOS = 1_250_000_000L;
  private static final long LONGEST_WAIT_NANOS = 10 * SECOND;
  private static final long REMEMBER_NANOS = 5 * SECOND;
  private static final long AFTER_ANSWER_NANOS = SECOND;
  private static final long CLOCK_STEP_NANOS = 5_000_000;
  private static final int MAX_THREADS = 16_384;
  private static final int MAX_LATE = 20_000;
  private static final double TWO_POW_63 = 0x1p63;

  private final ProcessDirectory processes;
  private final SpanRows spans;
  private final RandomGenerator random;
  private final LongAdder overCapacity;
  private final Map<Evidence, LongAdder> decided = new EnumMap<>(Evidence.class);
  private ColumnBatch.Builder aliases = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 8);

  /// In the order of arrival: what is to be decided, and what is remembered.
  private final ArrayDeque<TraceNode> waiting = new ArrayDeque<>();

  private final ArrayDeque<TraceNode> late = new ArrayDeque<>();
  private final ArrayDeque<TraceNode> known = new ArrayDeque<>();

  private final Map<Long, TraceNode> serversByExchange = new HashMap<>();
  private final Map<Integer, List<TraceNode>> bySequence = new HashMap<>();
  private final Map<GoroutineKey, List<TraceNode>> serversByGoroutine = new HashMap<>();
  private final Map<HeaderKey, TraceNode> serversByHeader = new HashMap<>();
  private final Map<Long, ThreadHistory> threads = leastRecent(MAX_THREADS);
  private final Map<Integer, ProcessHabits> habits = leastRecent(4096);

  /// Written calls whose parent had not ended.
  private final Map<Long, List<TraceNode>> lateByExchange = leastRecent(MAX_LATE);

  private final Map<GoroutineKey, List<TraceNode>> lateByGoroutine = leastRecent(MAX_LATE);

  private record GoroutineKey(int processId, long goroutineId) {}

  private record HeaderKey(int processId, TraceContext context) {}

  /// What was seen of the way in which a process works.
  private static final class ProcessHabits {
    /// An answer was sent by another thread than the one that read the request.
    boolean changesThreads;

    long lastServerEnd = Long.MIN_VALUE;
    long firstServerStart = Long.MAX_VALUE;
  }

  TraceAssembler(
      ProcessDirectory processes, SpanRows spans, RandomGenerator random, Figures figures) {
    this.processes = processes;
    this.spans = spans;
    this.random = random;
    this.overCapacity = figures.counter("coral_spans_unassembled_total{reason=\"over_capacity\"}");
    for (Evidence evidence : Evidence.values()) {
      String text = evidence == Evidence.NONE ? "none" : evidence.text();
      decided.put(evidence, figures.counter("coral_trace_links_total{evidence=\"" + text + "\"}"));
    }
  }

  private static <K, V> Map<K, V> leastRecent(int limit) {
    return new LinkedHashMap<>(64, 0.75f, true) {
      private static final long serialVersionUID = 1L;

      @Override
      protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        return size() > limit;
      }
    };
  }

  /// Exchanges that wait or are remembered.
  int size() {
    return waiting.size() + late.size() + known.size();
  }

  /// @param nowNanos monotonic
  void add(RoutedExchange routed, long nowNanos) {
    TraceNode node = new TraceNode(routed, nowNanos);
    observe(node, nowNanos);
    if (!hasRoom(node)) {
      overCapacity.increment();
      return;
    }
    waiting.add(node);
    bySequence.computeIfAbsent(LinkKey.sequence(node.linkKey), _ -> new ArrayList<>(2)).add(node);
    if (node.server) {
      addServer(node);
    }
  }

  /// What every exchange tells, whether there is room for it or not.
  private void observe(TraceNode node, long nowNanos) {
    if (!node.server) {
      return;
    }
    ProcessHabits itsHabits = habits.computeIfAbsent(node.processId, _ -> new ProcessHabits());
    itsHabits.lastServerEnd = Math.max(itsHabits.lastServerEnd, node.endNanos);
    itsHabits.firstServerStart = Math.min(itsHabits.firstServerStart, node.startNanos);
    itsHabits.changesThreads |= node.cause.answeredElsewhere();
    if (node.cause.threadOrder() != 0) {
      threads
          .computeIfAbsent(threadKey(node), _ -> new ThreadHistory())
          .ended(node.cause.threadOrder(), node.endNanos, nowNanos);
    }
  }

  private static long threadKey(TraceNode node) {
    return (long) node.processId << 32 | node.threadId;
  }

  /// Both ends of a hop share their fate, since the choice is by its link key.
  private boolean hasRoom(TraceNode node) {
    double share = 2 * (1 - (double) size() / MAX_NODES);
    return (SpanRows.mix(node.linkKey) >>> 1) / TWO_POW_63 < share;
  }

  private boolean isOverloaded() {
    return size() > MAX_NODES / 2;
  }

  private void addServer(TraceNode node) {
    serversByExchange.put(node.exchangeKey, node);
    if (node.goroutineId != 0) {
      serversByGoroutine
          .computeIfAbsent(
              new GoroutineKey(node.processId, node.goroutineId), _ -> new ArrayList<>(2))
          .add(node);
    }
    if (node.context != null) {
      serversByHeader.put(new HeaderKey(node.processId, node.context), node);
    }
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
    TraceNode client = clientOf(node);
    if (client != null) {
      boolean header = node.sameHeader(client);
      settle(node, client, header ? Evidence.TRACEPARENT : Evidence.TCP_SEQ);
    } else if (node.context != null) {
      settle(node, null, Evidence.TRACEPARENT);
    } else {
      settle(node, null, isOverloaded() ? Evidence.UNASSEMBLED : Evidence.NONE);
    }
    return true;
  }

  /// The client whose request this server read: by the key of the hop; behind address translation
  /// by sequence number and request line, if only one fits.
  private @Nullable TraceNode clientOf(TraceNode server) {
    TraceNode translated = null;
    int fitting = 0;
    for (TraceNode each : candidates(server)) {
      if (each.server || !isHop(each, server)) {
        continue;
      }
      if (each.linkKey == server.linkKey) {
        return each;
      }
      translated = each;
      fitting++;
    }
    return fitting == 1 ? translated : null;
  }

  private Collection<TraceNode> candidates(TraceNode node) {
    return bySequence.getOrDefault(LinkKey.sequence(node.linkKey), List.of());
  }

  /// One clock saw both. A client may give up before the server ends.
  private static boolean isHop(TraceNode client, TraceNode server) {
    return client.requestHash == server.requestHash
        && client.startNanos <= server.startNanos + CLOCK_STEP_NANOS
        && server.startNanos <= client.endNanos + CLOCK_STEP_NANOS;
  }

  private boolean decideClient(TraceNode node, boolean finallyNow) {
    if (node.context != null) {
      // A header that came in and went out again unchanged was passed on.
      TraceNode passedOn = serversByHeader.get(new HeaderKey(node.processId, node.context));
      if (passedOn != null && passedOn.startNanos <= node.startNanos) {
        settle(node, passedOn, Evidence.TRACEPARENT);
        return true;
      }
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
    TraceNode parent = servedBy(node, node.cause.callerGoroutineId());
    if (parent == null && node.cause.callerParentGoroutineId() != 0) {
      parent = servedBy(node, node.cause.callerParentGoroutineId());
    }
    if (parent != null) {
      settle(node, parent, Evidence.GOROUTINE);
      return true;
    }
    if (!finallyNow && mayHaveParent(node)) {
      return false;
    }
    settleWithoutParent(node);
    if (finallyNow) {
      rememberLate(
          lateByGoroutine, new GoroutineKey(node.processId, node.cause.callerGoroutineId()), node);
      if (node.cause.callerParentGoroutineId() != 0) {
        rememberLate(
            lateByGoroutine,
            new GoroutineKey(node.processId, node.cause.callerParentGoroutineId()),
            node);
      }
    }
    return true;
  }

  /// What a goroutine was serving when the call began, or had just answered.
  private @Nullable TraceNode servedBy(TraceNode call, long goroutineId) {
    TraceNode latest = null;
    for (TraceNode each :
        serversByGoroutine.getOrDefault(new GoroutineKey(call.processId, goroutineId), List.of())) {
      if (each.contains(call.startNanos)) {
        return each;
      }
      if (each.startNanos <= call.startNanos
          && (latest == null || each.startNanos > latest.startNanos)) {
        latest = each;
      }
    }
    return latest != null && call.startNanos - latest.endNanos <= AFTER_ANSWER_NANOS
        ? latest
        : null;
  }

  private boolean mayHaveParent(TraceNode node) {
    return habits.containsKey(node.processId);
  }

  private boolean decideByThread(TraceNode node, boolean finallyNow) {
    Cause cause = node.cause;
    long key = TraceNode.exchangeKey(cause.parentConnectionId(), cause.parentOrdinal());
    TraceNode parent = serversByExchange.get(key);
    boolean proxy = processes.runtimeOf(node.processId).equals("proxy");
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
    ThreadHistory history = threads.get(threadKey(parent));
    if (history == null || changesThreads(node)) {
      settle(node, null, Evidence.AMBIGUOUS);
      return true;
    }
    int order = parent.cause.threadOrder();
    if (!history.isSure(order) && !finallyNow) {
      return false;
    }
    boolean alone =
        history.isSure(order)
            && history.earlierEnd(order) <= node.startNanos
            && node.startNanos - parent.endNanos <= AFTER_ANSWER_NANOS;
    settle(node, alone ? parent : null, alone ? Evidence.THREAD : Evidence.AMBIGUOUS);
    return true;
  }

  private boolean changesThreads(TraceNode node) {
    ProcessHabits itsHabits = habits.get(node.processId);
    return itsHabits != null && itsHabits.changesThreads;
  }

  /// A call of a process that was serving something else at that time may belong to it.
  private void settleWithoutParent(TraceNode node) {
    ProcessHabits itsHabits = habits.get(node.processId);
    boolean serving =
        itsHabits != null
            && itsHabits.firstServerStart <= node.startNanos
            && itsHabits.lastServerEnd >= node.startNanos;
    settle(node, null, serving ? Evidence.AMBIGUOUS : Evidence.NONE);
  }

  private static <K> void rememberLate(Map<K, List<TraceNode>> calls, K parent, TraceNode call) {
    calls.computeIfAbsent(parent, _ -> new ArrayList<>(1)).add(call);
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
      ThreadHistory history = threads.get(threadKey(server));
      int order = server.cause.threadOrder();
      boolean proxy = processes.runtimeOf(server.processId).equals("proxy");
      if (proxy && call.cause.parentFresh()) {
        join(call, server, Evidence.CONNECT_TIME);
      } else if (!proxy
          && !changesThreads(server)
          && history != null
          && history.isSure(order)
          && history.earlierEnd(order) <= call.startNanos) {
        join(call, server, Evidence.THREAD);
      }
    }
    if (server.goroutineId != 0) {
      GoroutineKey key = new GoroutineKey(server.processId, server.goroutineId);
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
    for (TraceNode each : candidates(client)) {
      if (each.server
          && each.state == TraceNode.State.WRITTEN
          && each.parent == null
          && each.linkKey == client.linkKey
          && isHop(client, each)) {
        join(each, client, Evidence.TCP_SEQ);
      }
    }
  }

  private void join(TraceNode child, TraceNode parent, Evidence evidence) {
    child.parent = parent;
    if (child.traceHigh != parent.traceHigh || child.traceLow != parent.traceLow) {
      addAlias(child.traceHigh, child.traceLow, parent, child.spanId, parent.spanId, evidence);
      inherit(child, parent);
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
    List<TraceNode> hop = bySequence.get(LinkKey.sequence(node.linkKey));
    if (hop != null && hop.remove(node) && hop.isEmpty()) {
      bySequence.remove(LinkKey.sequence(node.linkKey));
    }
    if (node.server) {
      serversByExchange.remove(node.exchangeKey, node);
      if (node.context != null) {
        serversByHeader.remove(new HeaderKey(node.processId, node.context), node);
      }
      GoroutineKey key = new GoroutineKey(node.processId, node.goroutineId);
      List<TraceNode> served = serversByGoroutine.get(key);
      if (served != null && served.remove(node) && served.isEmpty()) {
        serversByGoroutine.remove(key);
      }
    }
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
    threads.values().forEach(thread -> thread.skipMissing(nowNanos - LONGEST_WAIT_NANOS));
  }

  /// Rows of `trace_aliases` since the last call.
  ColumnBatch flushAliases() {
    ColumnBatch batch = aliases.build();
    aliases = new ColumnBatch.Builder(StreamSchema.TRACE_ALIASES, 8);
    return batch;
  }
}
