package io.coral.agent.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// The consumer side of a BPF ring buffer (Documentation/bpf/ringbuf.rst), read in place. One
/// thread.
///
/// Each record follows a header of eight bytes whose first word holds the length and two bits:
/// busy, not yet written in full, and discarded. The data pages are mapped twice in a row, so a
/// record never wraps.
final class RingBuffer {
  private static final int HEADER_BYTES = 8;
  private static final int BUSY = 1 << 31;
  private static final int DISCARDED = 1 << 30;
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private final ByteBuffer consumerPosition;
  private final ByteBuffer producerPosition;
  private final ByteBuffer data;
  private final long mask;

  /// @param consumerPosition a page that this class writes
  /// @param producerPosition a page that the kernel writes
  /// @param data both mappings, `2 * size` bytes
  /// @param size a power of two
  RingBuffer(ByteBuffer consumerPosition, ByteBuffer producerPosition, ByteBuffer data, long size) {
    this.consumerPosition = consumerPosition;
    this.producerPosition = producerPosition;
    this.data = data.order(ByteOrder.LITTLE_ENDIAN);
    this.mask = size - 1;
  }

  /// Hands over up to `maxRecords` records and gives their room back.
  ///
  /// @return how many there were
  int drain(EventDecoder decoder, int maxRecords) {
    long consumer = (long) LONG.getOpaque(consumerPosition, 0);
    int records = 0;
    while (records < maxRecords) {
      long producer = (long) LONG.getAcquire(producerPosition, 0);
      if (consumer >= producer) {
        break;
      }
      int at = (int) (consumer & mask);
      int length = (int) INT.getAcquire(data, at);
      if ((length & BUSY) != 0) {
        break;
      }
      int size = length & ~DISCARDED;
      if ((length & DISCARDED) == 0) {
        decoder.decode(data, at + HEADER_BYTES, size);
        records++;
      }
      consumer += (size + HEADER_BYTES + 7L) & ~7L;
      LONG.setRelease(consumerPosition, 0, consumer);
    }
    return records;
  }

  /// Bytes that wait.
  long waitingBytes() {
    return (long) LONG.getAcquire(producerPosition, 0) - (long) LONG.getOpaque(consumerPosition, 0);
  }
}
