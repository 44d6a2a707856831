package io.coral.agent.kernel;

import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import io.coral.model.GoLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The programs of one tier, loaded, attached, and gone when the session is closed or the process
/// ends.
///
/// Everything but [#waitingBytes()] belongs to the thread that opened the session.
public final class KernelSession implements AutoCloseable {
  private static final int ERROR_BYTES = 8192;
  private static final int EPERM = 1;

  private final Pointer handle;
  private final RingBuffer ring;
  private final EventDecoder decoder;

  private KernelSession(Pointer handle, RingBuffer ring, EventDecoder decoder) {
    this.handle = handle;
    this.ring = ring;
    this.decoder = decoder;
  }

  /// Loads the programs of a tier; nothing is attached yet, and nothing selected.
  ///
  /// @param ringBytes a power of two, ≥ 4096
  /// @param maxConnections that are parsed at the same time
  public static KernelSession open(
      Path nativeDirectory,
      KernelTier tier,
      int ringBytes,
      int maxConnections,
      EventListener listener)
      throws KernelException {
    CoralLibrary.load(nativeDirectory);
    PointerByReference out = new PointerByReference();
    byte[] error = new byte[ERROR_BYTES];
    int result =
        CoralLibrary.coral_open(
            nativeDirectory.resolve(tier.objectFile()).toString(),
            ringBytes,
            maxConnections,
            out,
            error,
            error.length);
    if (result != 0) {
      throw failure("the kernel refused the programs of tier " + tier, result, error);
    }
    Pointer handle = out.getValue();
    PointerByReference consumer = new PointerByReference();
    PointerByReference producer = new PointerByReference();
    PointerByReference data = new PointerByReference();
    long[] size = new long[1];
    result = CoralLibrary.coral_ring(handle, consumer, producer, data, size);
    if (result != 0) {
      CoralLibrary.coral_close(handle);
      throw failure("the ring buffer cannot be mapped", result, error);
    }
    RingBuffer ring =
        new RingBuffer(
            consumer.getValue().getByteBuffer(0, 8),
            producer.getValue().getByteBuffer(0, 8),
            data.getValue().getByteBuffer(0, 2 * size[0]),
            size[0]);
    return new KernelSession(handle, ring, new EventDecoder(listener));
  }

  private static KernelException failure(String what, int result, byte[] error) {
    int end = 0;
    while (end < error.length && error[end] != 0) {
      end++;
    }
    String detail = new String(error, 0, end, StandardCharsets.UTF_8).strip();
    return new KernelException(
        what + ": errno " + -result + (detail.isEmpty() ? "" : ", " + detail));
  }

  /// Attaches every program.
  public void attach() throws KernelException {
    byte[] error = new byte[ERROR_BYTES];
    int result = CoralLibrary.coral_attach(handle, error, error.length);
    if (result != 0) {
      throw failure("the kernel refused to attach", result, error);
    }
  }

  /// Detaches every program; what was selected stays selected.
  public void detach() {
    CoralLibrary.coral_detach(handle);
  }

  /// Selects or drops a process. One that is selected and cannot be probed is selected all the
  /// same.
  ///
  /// @throws KernelException for pid 0, 1, this process, and when the kernel refuses
  public void target(int processId, boolean selected, GoLayout go) throws KernelException {
    int result =
        CoralLibrary.coral_target(
            handle, processId, selected ? 1 : 0, go.goroutineIdOffset(), go.parentIdOffset(), 0);
    if (result == -EPERM) {
      throw new KernelException("pid " + processId + " is never observed");
    }
    if (result != 0) {
      throw new KernelException("pid " + processId + " cannot be selected: errno " + -result);
    }
    if (!selected || !go.hasProbes()) {
      unprobe(processId);
      return;
    }
    result =
        CoralLibrary.coral_probe_go(
            handle,
            processId,
            new NativeLong(go.roundTripOffset()),
            new NativeLong(go.requestWriteOffset()));
    if (result != 0) {
      throw new KernelException(
          "pid " + processId + " cannot be probed, its calls tell no caller: errno " + -result);
    }
  }

  /// Takes back what was attached to a process that has ended or runs another binary.
  public void unprobe(int processId) {
    CoralLibrary.coral_unprobe(handle, processId);
  }

  /// Hands over what the ring buffer holds, at most `maxRecords`.
  public int drain(int maxRecords) {
    return ring.drain(decoder, maxRecords);
  }

  /// Asks the kernel for exchanges whose answer has paused.
  public void flush(long idleNanos) {
    CoralLibrary.coral_flush(handle, idleNanos);
  }

  /// The counters, by [KernelCounter#ordinal()].
  public long[] counters() {
    long[] counters = new long[KernelCounter.values().length];
    CoralLibrary.coral_counters(handle, counters, counters.length);
    return counters;
  }

  /// Kernel memory behind the maps, in bytes.
  public long mapBytes() {
    return CoralLibrary.coral_map_bytes(handle);
  }

  /// Bytes in the ring buffer.
  public long waitingBytes() {
    return ring.waitingBytes();
  }

  @Override
  public void close() {
    CoralLibrary.coral_close(handle);
  }
}
