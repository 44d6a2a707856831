package io.coral.colony.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/// Which nodes pull an agent: rendezvous hashing. Every node computes it from the members that it
/// sees; when one comes or goes, only the agents change hands that were or will be its own.
public final class Ownership {
  private static final Comparator<Rank> HEAVIEST_FIRST =
      Comparator.comparingLong(Rank::weight).reversed().thenComparing(Rank::member);

  private Ownership() {}

  private record Rank(String member, long weight) {}

  /// The members that pull an agent, the first choice first.
  ///
  /// @param replicas how many, ≥ 1; all when there are fewer
  public static List<String> owners(String agentId, Collection<String> members, int replicas) {
    long agent = hash(agentId);
    List<Rank> ranks = new ArrayList<>(members.size());
    for (String member : members) {
      ranks.add(new Rank(member, mix(agent ^ hash(member))));
    }
    ranks.sort(HEAVIEST_FIRST);
    List<String> owners = new ArrayList<>(replicas);
    for (Rank rank : ranks.subList(0, Math.min(replicas, ranks.size()))) {
      owners.add(rank.member);
    }
    return owners;
  }

  /// FNV-1a, the same on every host and for ever.
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
    }
    return mix(hash);
  }

  private static long mix(long value) {
    long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
    return mixed ^ mixed >>> 31;
  }
}
