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

  /// @param known aliases
  HostJoiner(List<TraceAlias> known) {
    known.forEach(alias -> unite(alias.fromTrace(), alias.toTrace()));
  }

  private void unite(UUID fromTrace, UUID toTrace) {
    UUID from = canonicalOf(fromTrace);
    UUID to = canonicalOf(toTrace);
    if (!from.equals(to)) {
      canonical.put(from, to);
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
    // What the server's trace has become part of goes with it.
    rows.add(
        new TraceAlias(
            from,
            to,
            hop.serverSpan(),
            hop.clientSpan(),
            Evidence.TCP_SEQ.text(),
            hop.serverStartUnixNanos()));
    unite(from, to);
  }

  private static boolean fits(HopCandidate hop) {
    return hop.serverDurationNanos() <= hop.clientDurationNanos() + SLACK_NANOS;
  }

  /// The rows to be stored.
  List<TraceAlias> rows() {
    return List.copyOf(rows);
  }
}
