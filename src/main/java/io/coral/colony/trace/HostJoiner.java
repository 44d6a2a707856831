package io.coral.colony.trace;

import io.coral.model.Evidence;
import io.coral.storage.HopCandidate;
import io.coral.storage.TraceAlias;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// Decides which hops between hosts are joined, and which trace every trace then belongs to.
///
/// The ends of a hop have the same TCP sequence number and request line; where the client's
/// address is the same, too, that is the hop. Behind address translation it is, if nothing else
/// fits. No clock is compared but for the length of the spans: a server is not busy for longer than
/// its client waits, unless the client gave up.
final class HostJoiner {
  private static final long SLACK_NANOS = 5_000_000;

  private final Map<UUID, UUID> canonical = new HashMap<>();
  private final List<TraceAlias> rows = new ArrayList<>();

  /// @param known aliases, oldest first
  HostJoiner(List<TraceAlias> known) {
    for (TraceAlias alias : known) {
      UUID from = canonicalOf(alias.fromTrace());
      UUID to = canonicalOf(alias.toTrace());
      if (!from.equals(to)) {
        canonical.put(from, to);
      }
    }
    flatten(known);
  }

  /// An alias that leads to a trace which has become part of another.
  private void flatten(List<TraceAlias> known) {
    Map<UUID, TraceAlias> last = new LinkedHashMap<>();
    known.forEach(alias -> last.put(alias.fromTrace(), alias));
    for (TraceAlias alias : last.values()) {
      UUID to = canonicalOf(alias.toTrace());
      if (!to.equals(alias.toTrace()) && !to.equals(alias.fromTrace())) {
        rows.add(
            new TraceAlias(alias.fromTrace(), to, 0, 0, alias.evidence(), alias.startUnixNanos()));
      }
    }
  }

  private UUID canonicalOf(UUID trace) {
    UUID at = trace;
    for (UUID next = canonical.get(at); next != null; next = canonical.get(at)) {
      at = next;
    }
    return at;
  }

  void join(List<HopCandidate> candidates) {
    Map<Long, List<HopCandidate>> byServer = new LinkedHashMap<>();
    for (HopCandidate each : candidates) {
      byServer.computeIfAbsent(each.serverSpan(), _ -> new ArrayList<>(1)).add(each);
    }
    Set<Long> taken = new HashSet<>();
    byServer.values().forEach(ofOne -> joinServer(ofOne, taken));
  }

  private void joinServer(List<HopCandidate> candidates, Set<Long> taken) {
    List<HopCandidate> exact = candidates.stream().filter(HopCandidate::sameClient).toList();
    List<HopCandidate> fitting =
        exact.isEmpty() ? candidates.stream().filter(HostJoiner::fits).toList() : exact;
    if (fitting.size() != 1 || !taken.add(fitting.getFirst().clientSpan())) {
      return;
    }
    HopCandidate hop = fitting.getFirst();
    UUID from = canonicalOf(hop.serverTrace());
    UUID to = canonicalOf(hop.clientTrace());
    rows.add(
        new TraceAlias(
            hop.serverTrace(),
            to,
            hop.serverSpan(),
            hop.clientSpan(),
            Evidence.TCP_SEQ.text(),
            hop.serverStartUnixNanos()));
    if (from.equals(to)) {
      return;
    }
    canonical.put(from, to);
    if (!from.equals(hop.serverTrace())) {
      rows.add(new TraceAlias(from, to, 0, 0, Evidence.TCP_SEQ.text(), hop.serverStartUnixNanos()));
    }
    // Traces that had become part of the server's, and rows of this round that lead to it.
    for (UUID trace : List.copyOf(canonical.keySet())) {
      if (!trace.equals(from)
          && !trace.equals(hop.serverTrace())
          && canonicalOf(trace).equals(to)
          && leadsThrough(trace, from)) {
        rows.add(
            new TraceAlias(trace, to, 0, 0, Evidence.TCP_SEQ.text(), hop.serverStartUnixNanos()));
      }
    }
  }

  private boolean leadsThrough(UUID trace, UUID through) {
    UUID at = trace;
    for (UUID next = canonical.get(at); next != null; next = canonical.get(at)) {
      if (next.equals(through)) {
        return true;
      }
      at = next;
    }
    return false;
  }

  private static boolean fits(HopCandidate hop) {
    return hop.serverDurationNanos() <= hop.clientDurationNanos() + SLACK_NANOS;
  }

  /// The rows to be stored.
  List<TraceAlias> rows() {
    return List.copyOf(rows);
  }
}
