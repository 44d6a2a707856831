package io.coral.agent.trace;

import io.coral.model.Exchange;
import io.coral.model.LeastRecentMap;
import io.coral.model.LinkKey;
import io.coral.model.Role;
import io.coral.model.TraceContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the relatives of an exchange among those that are held: by the hop, by connection, by
/// goroutine, by header, and by what its thread and its process were seen to do. One thread.
final class Relatives {
  private static final long CLOCK_STEP_NANOS = 5_000_000;
  private static final long AFTER_ANSWER_NANOS = 1_000_000_000L;
  private static final int MAX_THREADS = 16_384;
  private static final int MAX_PROCESSES = 4096;

  private final Map<Integer, List<TraceNode>> bySequence = new HashMap<>();
  private final Map<Long, TraceNode> serversByExchange = new HashMap<>();
  private final Map<GoroutineKey, List<TraceNode>> serversByGoroutine = new HashMap<>();
  private final Map<HeaderKey, TraceNode> serversByHeader = new HashMap<>();
  private final Map<Long, ThreadHistory> threads = new LeastRecentMap<>(MAX_THREADS);
  private final Map<Integer, ProcessHabits> habits = new LeastRecentMap<>(MAX_PROCESSES);

  /// A goroutine of a process.
  record GoroutineKey(int processId, long goroutineId) {}

  private record HeaderKey(int processId, TraceContext context) {}

  /// Whether a call belongs to the request that its thread read last.
  enum ByThread {
    YES,
    NO,
    /// A request that the thread read before has not been seen to end.
    NOT_YET
  }

  /// What was seen of the way in which a process works.
  private static final class ProcessHabits {
    /// An answer was sent by another thread than the one that read the request.
    boolean changesThreads;

    long lastServerEnd = Long.MIN_VALUE;
    long firstServerStart = Long.MAX_VALUE;
  }

  /// What every exchange tells, whether it is held or not.
  ///
  /// @param nowNanos monotonic
  void observe(Exchange exchange, long nowNanos) {
    if (exchange.role() != Role.SERVER) {
      return;
    }
    int process = exchange.processId();
    ProcessHabits itsHabits = habits.computeIfAbsent(process, _ -> new ProcessHabits());
    itsHabits.lastServerEnd = Math.max(itsHabits.lastServerEnd, exchange.endUnixNanos());
    itsHabits.firstServerStart = Math.min(itsHabits.firstServerStart, exchange.startUnixNanos());
    itsHabits.changesThreads |= exchange.cause().answeredElsewhere();
    int order = exchange.cause().threadOrder();
    if (order != 0) {
      threads
          .computeIfAbsent(threadKey(process, exchange.threadId()), _ -> new ThreadHistory())
          .ended(order, exchange.endUnixNanos(), nowNanos);
    }
  }

  private static long threadKey(int processId, int threadId) {
    return (long) processId << 32 | threadId;
  }

  void add(TraceNode node) {
    bySequence.computeIfAbsent(LinkKey.sequence(node.linkKey), _ -> new ArrayList<>(2)).add(node);
    if (!node.server) {
      return;
    }
    serversByExchange.put(node.exchangeKey, node);
    if (node.goroutineId != 0) {
      serversByGoroutine.computeIfAbsent(goroutine(node), _ -> new ArrayList<>(2)).add(node);
    }
    if (node.context != null) {
      serversByHeader.put(new HeaderKey(node.processId, node.context), node);
    }
  }

  void remove(TraceNode node) {
    remove(bySequence, LinkKey.sequence(node.linkKey), node);
    if (!node.server) {
      return;
    }
    serversByExchange.remove(node.exchangeKey, node);
    remove(serversByGoroutine, goroutine(node), node);
    if (node.context != null) {
      serversByHeader.remove(new HeaderKey(node.processId, node.context), node);
    }
  }

  private static <K> void remove(Map<K, List<TraceNode>> map, K key, TraceNode node) {
    List<TraceNode> nodes = map.get(key);
    if (nodes != null && nodes.remove(node) && nodes.isEmpty()) {
      map.remove(key);
    }
  }

  /// The goroutine that serves.
  static GoroutineKey goroutine(TraceNode server) {
    return new GoroutineKey(server.processId, server.goroutineId);
  }

  /// The client whose request this server read: by the key of the hop; behind address translation
  /// by sequence number and request line, if only one fits.
  @Nullable TraceNode clientOf(TraceNode server) {
    TraceNode translated = null;
    int fitting = 0;
    for (TraceNode each : sameSequence(server)) {
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

  /// The servers that read this client's request; one, unless numbers return.
  List<TraceNode> serversOf(TraceNode client) {
    return sameSequence(client).stream()
        .filter(each -> each.server && each.linkKey == client.linkKey && isHop(client, each))
        .toList();
  }

  private List<TraceNode> sameSequence(TraceNode node) {
    return bySequence.getOrDefault(LinkKey.sequence(node.linkKey), List.of());
  }

  /// One clock saw both. A client may give up before the server ends.
  private static boolean isHop(TraceNode client, TraceNode server) {
    return client.requestHash == server.requestHash
        && client.startNanos <= server.startNanos + CLOCK_STEP_NANOS
        && server.startNanos <= client.endNanos + CLOCK_STEP_NANOS;
  }

  /// The server of the same process whose request came with the header that this call carries.
  @Nullable TraceNode passedOnBy(TraceNode call) {
    if (call.context == null) {
      return null;
    }
    TraceNode server = serversByHeader.get(new HeaderKey(call.processId, call.context));
    return server != null && server.startNanos <= call.startNanos ? server : null;
  }

  /// @param exchangeKey of a server's exchange
  @Nullable TraceNode server(long exchangeKey) {
    return serversByExchange.get(exchangeKey);
  }

  /// What a goroutine was serving when the call began, or had just answered.
  @Nullable TraceNode servedBy(TraceNode call, long goroutineId) {
    TraceNode latest = null;
    GoroutineKey key = new GoroutineKey(call.processId, goroutineId);
    for (TraceNode each : serversByGoroutine.getOrDefault(key, List.of())) {
      if (each.contains(call.startNanos)) {
        return each;
      }
      if (each.startNanos <= call.startNanos
          && (latest == null || each.startNanos > latest.startNanos)) {
        latest = each;
      }
    }
    return latest != null && isSoonAfter(latest, call) ? latest : null;
  }

  private static boolean isSoonAfter(TraceNode server, TraceNode call) {
    return call.startNanos - server.endNanos <= AFTER_ANSWER_NANOS;
  }

  /// Whether the thread that read a request was at work for nothing else when a call began.
  ByThread isOnlyWork(TraceNode server, TraceNode call) {
    ThreadHistory history = threads.get(threadKey(server.processId, server.threadId));
    ProcessHabits itsHabits = habits.get(server.processId);
    if (history == null || itsHabits == null || itsHabits.changesThreads) {
      return ByThread.NO;
    }
    int order = server.cause.threadOrder();
    if (!history.isSure(order)) {
      return ByThread.NOT_YET;
    }
    return history.earlierEnd(order) <= call.startNanos && isSoonAfter(server, call)
        ? ByThread.YES
        : ByThread.NO;
  }

  /// Whether the process has served a request.
  boolean serves(int processId) {
    return habits.containsKey(processId);
  }

  /// Whether the process may have been serving something when a call began.
  boolean wasServing(TraceNode call) {
    ProcessHabits itsHabits = habits.get(call.processId);
    return itsHabits != null
        && itsHabits.firstServerStart <= call.startNanos
        && itsHabits.lastServerEnd >= call.startNanos;
  }

  /// Requests that threads have missed since a time will not come.
  void skipMissing(long sinceNanos) {
    threads.values().forEach(thread -> thread.skipMissing(sinceNanos));
  }
}
