package io.coral.decode;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One direction of a TCP connection: puts segments in order, and leaves out what comes again.
///
/// Waits for a segment that is missing until 1,024 others or 4 MiB are behind it; then it counts as
/// not captured. One thread.
final class TcpStream {
  private static final int MOST_SEGMENTS = 1_024;
  private static final int MOST_BYTES = 4 << 20;

  /// Takes bytes in order.
  interface Listener {
    /// @param timeNanos when all in front of them were there, too
    /// @param position bytes of this direction before these, or before the first that was seen
    /// @param totalBytes how many there were; fewer may be captured
    void bytes(long timeNanos, long position, long totalBytes, byte[] captured);
  }

  private record Segment(long timeNanos, long total, byte[] captured) {}

  private final Listener listener;
  private final TreeMap<Long, Segment> waiting = new TreeMap<>();
  private long waitingBytes;
  private @Nullable Integer base;
  private long position;
  private long highest;
  private long timeNanos;

  /// @param listener gets positions that begin at 0 with the connection, at 1 when it is older
  TcpStream(Listener listener) {
    this.listener = listener;
  }

  /// The connection begins here.
  void begin(int sequence) {
    if (base == null) {
      base = sequence + 1;
      position = 0;
      highest = 0;
    }
  }

  void segment(long timeNanos, int sequence, long total, byte[] captured) {
    if (total == 0) {
      return;
    }
    Integer first = base;
    if (first == null) {
      first = sequence - 1;
      base = first;
      position = 1;
      highest = 1;
    }
    // Numbers return after 4 GiB: the nearest to what was seen last.
    long at = highest + (sequence - (int) (first + highest));
    if (at + total <= position) {
      return;
    }
    long from = at;
    byte[] bytes = captured;
    long length = total;
    if (from < position) {
      int again = (int) (position - from);
      bytes = again >= bytes.length ? new byte[0] : Arrays.copyOfRange(bytes, again, bytes.length);
      length -= again;
      from = position;
    }
    highest = Math.max(highest, from + length);
    Segment before = waiting.get(from);
    if (before == null || before.total < length) {
      waiting.put(from, new Segment(timeNanos, length, bytes));
      waitingBytes += bytes.length - (before == null ? 0 : before.captured.length);
    }
    give(waiting.size() > MOST_SEGMENTS || waitingBytes > MOST_BYTES);
  }

  /// Nothing more comes: what is missing is.
  void end() {
    give(true);
  }

  private void give(boolean overHoles) {
    while (!waiting.isEmpty() && (overHoles || waiting.firstKey() <= position)) {
      Map.Entry<Long, Segment> next = waiting.pollFirstEntry();
      Segment segment = next.getValue();
      waitingBytes -= segment.captured.length;
      long from = Math.max(position, next.getKey());
      int again = (int) Math.min(segment.total, from - next.getKey());
      if (again == segment.total) {
        continue;
      }
      byte[] bytes =
          again == 0
              ? segment.captured
              : Arrays.copyOfRange(
                  segment.captured,
                  Math.min(again, segment.captured.length),
                  segment.captured.length);
      position = from + segment.total - again;
      // Nobody can read it before what is in front of it.
      timeNanos = Math.max(timeNanos, segment.timeNanos);
      listener.bytes(timeNanos, from, segment.total - again, bytes);
    }
  }
}
