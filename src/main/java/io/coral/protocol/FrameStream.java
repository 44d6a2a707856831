package io.coral.protocol;

import java.util.Arrays;

/// Cuts one direction of a connection into frames that tell their own length.
///
/// Of a frame the first bytes are kept, up to a limit; the rest is counted. What is missing is
/// skipped inside a frame; where it covers the length of the next one, the stream waits for a
/// record that begins like a frame. Owned by one thread; holds at most `keep` bytes.
public final class FrameStream {
  /// How frames are told apart.
  public interface Format {
    /// Bytes that tell the length of the next frame, ≥ 1.
    int headerBytes();

    /// Bytes of the whole frame, with its header; less than the header's when these bytes begin no
    /// frame. May be followed by other bytes than the header's.
    long frameBytes(byte[] header);

    /// Whether a record that follows missing bytes begins a frame.
    ///
    /// @param bytes at least one
    boolean begins(byte[] bytes);
  }

  /// Takes frames, each when its last byte was seen.
  public interface Listener {
    void frame(Frame frame);

    /// Bytes were missing, or made no sense, where they were needed.
    default void lost() {}
  }

  /// A frame with its header.
  ///
  /// @param bytes the first of its bytes, and behind them others; to be read at once
  /// @param length how many of them are the frame's
  /// @param total how many there were, ≥ `length`
  /// @param first where its first byte was seen
  /// @param last where its last byte was seen
  public record Frame(byte[] bytes, int length, long total, Origin first, Origin last) {
    public boolean isWhole() {
      return length == total;
    }
  }

  private final Format format;
  private final Listener listener;
  private final int keep;
  private byte[] buffer = new byte[128];
  private int kept;
  private long seen;
  private long total;
  private boolean hole;
  private boolean lost;
  private boolean began;
  private long position;
  private Origin first = Origin.at(0);

  /// @param keep the most bytes of a frame that are kept
  public FrameStream(Format format, int keep, Listener listener) {
    this.format = format;
    this.keep = keep;
    this.listener = listener;
  }

  /// Takes a record, see [Parser#offer].
  public void offer(Origin origin, long at, long totalBytes, byte[] captured) {
    if (!began) {
      began = true;
      // Of a connection that is older than the capture, the first record may begin anywhere.
      lost = at > 0;
    } else if (at != position) {
      if (at > position) {
        skip(at - position, origin);
      } else {
        lose();
      }
    }
    position = at + Math.max(totalBytes, captured.length);
    if (lost) {
      if (captured.length == 0 || !format.begins(captured)) {
        return;
      }
      lost = false;
      restart();
    }
    consume(origin, captured);
    if (totalBytes > captured.length && !lost) {
      skip(totalBytes - captured.length, origin);
    }
  }

  private void consume(Origin origin, byte[] bytes) {
    int at = 0;
    while (at < bytes.length && !lost) {
      if (seen == 0) {
        first = origin;
      }
      if (total == 0) {
        int missing = format.headerBytes() - kept;
        if (missing > 0) {
          int taken = Math.min(missing, bytes.length - at);
          keep(bytes, at, taken);
          seen += taken;
          at += taken;
          if (taken < missing) {
            return;
          }
        }
        total = format.frameBytes(buffer);
        if (total < kept) {
          lose();
          return;
        }
      }
      int taken = (int) Math.min(total - seen, bytes.length - at);
      if (!hole) {
        keep(bytes, at, Math.min(taken, keep - kept));
      }
      at += taken;
      advance(taken, origin);
    }
  }

  private void keep(byte[] bytes, int from, int count) {
    if (count <= 0) {
      return;
    }
    if (kept + count > buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.max(kept + count, Math.min(keep, buffer.length * 2)));
    }
    System.arraycopy(bytes, from, buffer, kept, count);
    kept += count;
  }

  private void advance(long bytes, Origin origin) {
    seen += bytes;
    if (seen == total) {
      Frame frame = new Frame(buffer, kept, total, first, origin);
      restart();
      listener.frame(frame);
    }
  }

  private void skip(long bytes, Origin origin) {
    if (lost) {
      return;
    }
    if (total > 0 && total - seen >= bytes) {
      hole = true;
      advance(bytes, origin);
      return;
    }
    if (total > 0) {
      // The frame ends in the hole; where the next one begins is not known.
      hole = true;
      advance(total - seen, origin);
    }
    lose();
  }

  private void restart() {
    kept = 0;
    seen = 0;
    total = 0;
    hole = false;
  }

  private void lose() {
    lost = true;
    restart();
    listener.lost();
  }

  /// What follows is of no use until a record begins like a frame.
  public void abandon() {
    lost = true;
    restart();
  }
}
