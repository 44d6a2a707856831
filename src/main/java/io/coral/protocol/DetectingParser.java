package io.coral.protocol;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds out which protocol a connection speaks, and lets its parser make the calls.
///
/// A record that is surely of a protocol decides, alone or with those before it, which may be the
/// beginning of its message; or records of both directions that may be, if no other protocol has as
/// many. Until then records are kept, at most 32 and 64 KiB. What was decided stays, unless the
/// parser finds no call in what came since it lost its way three times. Owned by one thread.
public final class DetectingParser implements Parser {
  private static final int MOST_RECORDS = 32;
  private static final int MOST_BYTES = 64 * 1024;
  private static final int MOST_LOST = 3;
  private static final int LONGEST_HEAD = 1_024;

  private record Kept(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {}

  private final List<Protocol> candidates;
  private final List<Kept> kept = new ArrayList<>();
  private final Map<Protocol, Set<Direction>> maybe = new HashMap<>();
  private final List<Call> finished = new ArrayList<>();
  private final byte[][] heads = {new byte[0], new byte[0]};
  private final long[] headEnds = new long[2];
  private int keptBytes;
  private @Nullable Protocol protocol;
  private @Nullable Parser parser;
  private long lostBefore;
  private long lostWhenFound;

  DetectingParser(List<Protocol> candidates) {
    this.candidates = candidates;
  }

  /// The protocol, null as long as it is not known.
  public @Nullable Protocol protocol() {
    return protocol;
  }

  @Override
  public void offer(
      Direction direction, Origin origin, long position, long totalBytes, byte[] captured) {
    Parser known = parser;
    if (known != null) {
      known.offer(direction, origin, position, totalBytes, captured);
      followed(known);
      return;
    }
    if (kept.size() < MOST_RECORDS && keptBytes + captured.length <= MOST_BYTES) {
      kept.add(new Kept(direction, origin, position, totalBytes, captured));
      keptBytes += captured.length;
    } else {
      // The newest records are of more use than the first.
      kept.clear();
      keptBytes = 0;
    }
    if (captured.length > 0) {
      Protocol found = found(direction, captured);
      byte[] head = head(direction, position, totalBytes, captured);
      if (found == null && head.length > captured.length) {
        found = found(direction, head);
      }
      if (found != null) {
        decide(found);
      }
    }
  }

  /// The bytes that were seen without a hole before this record's end.
  private byte[] head(Direction direction, long position, long totalBytes, byte[] captured) {
    int way = direction.ordinal();
    boolean goesOn = headEnds[way] == position && heads[way].length > 0;
    byte[] head = captured;
    if (goesOn) {
      int length = Math.min(captured.length, LONGEST_HEAD - heads[way].length);
      head = Arrays.copyOf(heads[way], heads[way].length + length);
      System.arraycopy(captured, 0, head, heads[way].length, length);
    }
    boolean mayGoOn = captured.length == totalBytes && head.length < LONGEST_HEAD;
    heads[way] = mayGoOn ? head : new byte[0];
    headEnds[way] = position + totalBytes;
    return head;
  }

  private @Nullable Protocol found(Direction direction, byte[] captured) {
    for (Protocol each : candidates) {
      switch (each.likeness(direction, captured)) {
        case YES -> {
          return each;
        }
        case MAYBE ->
            maybe.computeIfAbsent(each, _ -> EnumSet.noneOf(Direction.class)).add(direction);
        case NO -> {}
      }
    }
    List<Protocol> both =
        maybe.entrySet().stream()
            .filter(each -> each.getValue().size() == 2)
            .map(Map.Entry::getKey)
            .toList();
    return both.size() == 1 ? both.getFirst() : null;
  }

  private void decide(Protocol found) {
    Parser opened = found.open();
    protocol = found;
    parser = opened;
    lostWhenFound = 0;
    for (Kept each : kept) {
      opened.offer(each.direction, each.origin, each.position, each.totalBytes, each.captured);
    }
    forget();
    followed(opened);
  }

  private void forget() {
    kept.clear();
    keptBytes = 0;
    maybe.clear();
    Arrays.fill(heads, new byte[0]);
  }

  private void followed(Parser known) {
    List<Call> calls = known.drain();
    finished.addAll(calls);
    if (!calls.isEmpty()) {
      lostWhenFound = known.lostSync();
    } else if (known.lostSync() - lostWhenFound >= MOST_LOST && known.opaque().isEmpty()) {
      lostBefore += known.lostSync();
      parser = null;
      protocol = null;
    }
  }

  @Override
  public void close(long timeNanos) {
    Parser known = parser;
    if (known != null) {
      known.close(timeNanos);
      finished.addAll(known.drain());
    }
  }

  @Override
  public List<Call> drain() {
    List<Call> drained = List.copyOf(finished);
    finished.clear();
    return drained;
  }

  @Override
  public long lostSync() {
    Parser known = parser;
    return lostBefore + (known == null ? 0 : known.lostSync());
  }

  @Override
  public String opaque() {
    Parser known = parser;
    return known == null ? "" : known.opaque();
  }
}
