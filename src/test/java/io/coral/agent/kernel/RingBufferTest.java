package io.coral.agent.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.Captured;
import io.coral.model.Cause;
import io.coral.model.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RingBufferTest {
  private static final int SIZE = 4096;

  private final ByteBuffer consumer = page();
  private final ByteBuffer producer = page();
  private final ByteBuffer data =
      ByteBuffer.allocateDirect(2 * SIZE).order(ByteOrder.LITTLE_ENDIAN);
  private final RingBuffer ring = new RingBuffer(consumer, producer, data, SIZE);
  private final Recorder recorder = new Recorder();
  private final EventDecoder decoder = new EventDecoder(recorder);

  private static ByteBuffer page() {
    return ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static final class Recorder implements EventListener {
    final List<Captured> captured = new ArrayList<>();
    final List<String> processes = new ArrayList<>();
    int unreadable;

    @Override
    public void captured(Captured event) {
      captured.add(event);
    }

    @Override
    public void forked(int processId, int parentId) {
      processes.add(parentId + ">" + processId);
    }

    @Override
    public void executed(int processId) {
      processes.add("exec " + processId);
    }

    @Override
    public void exited(int processId) {
      processes.add("exit " + processId);
    }

    @Override
    public void unreadable() {
      unreadable++;
    }
  }

  /// Writes a record of the kind at a position and returns the next position.
  private int write(int at, int kind, int flags, byte[] payload) {
    int size = 16 + payload.length;
    data.putInt(at, size | flags);
    data.putShort(at + 8, (short) kind);
    data.putShort(at + 10, (short) EventLayout.VERSION);
    data.putInt(at + 12, size);
    for (int i = 0; i < payload.length; i++) {
      data.put(at + 24 + i, payload[i]);
    }
    return at + ((size + 15) & ~7);
  }

  private static byte[] process(int pid, int parent) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putInt(pid).putInt(parent).array();
  }

  @Test
  void drain_ofRecords_handsThemOverInOrderAndGivesTheRoomBack() {
    int next = write(0, EventLayout.KIND_FORKED, 0, process(12, 11));
    next = write(next, EventLayout.KIND_EXITED, 1 << 30, process(99, 0));
    next = write(next, EventLayout.KIND_EXECED, 0, process(12, 0));
    producer.putLong(0, next);
    assertThat(ring.drain(decoder, 10)).isEqualTo(2);
    assertThat(recorder.processes).containsExactly("11>12", "exec 12");
    assertThat(consumer.getLong(0)).isEqualTo(next);
    assertThat(ring.waitingBytes()).isZero();
  }

  @Test
  void drain_atABusyRecord_stopsBeforeIt() {
    int next = write(0, EventLayout.KIND_FORKED, 0, process(12, 11));
    producer.putLong(0, write(next, EventLayout.KIND_EXITED, 1 << 31, process(99, 0)));
    assertThat(ring.drain(decoder, 10)).isEqualTo(1);
    assertThat(consumer.getLong(0)).isEqualTo(next);
  }

  @Test
  void decode_ofAnotherVersion_isCounted() {
    int next = write(0, EventLayout.KIND_FORKED, 0, process(12, 11));
    data.putShort(10, (short) 99);
    producer.putLong(0, next);
    ring.drain(decoder, 10);
    assertThat(recorder.unreadable).isEqualTo(1);
  }

  @Test
  void decode_ofAClientsExchange_givesItsCause() {
    byte[] payload = new byte[EventLayout.Exchange.SIZE_OF - 16];
    ByteBuffer body = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    body.put(EventLayout.Exchange.ROLE - 16, (byte) 2);
    body.put(EventLayout.Exchange.FAMILY - 16, (byte) 4);
    body.putLong(EventLayout.Exchange.PARENT_CONNECTION_ID - 16, 7001);
    body.putInt(EventLayout.Exchange.PARENT_ORDINAL - 16, 3);
    body.putLong(EventLayout.Exchange.CALLER_GOROUTINE_ID - 16, 31);
    body.putLong(EventLayout.Exchange.CALLER_PARENT_GOROUTINE_ID - 16, 29);
    body.putShort(EventLayout.Exchange.FLAGS - 16, (short) EventLayout.FLAG_PARENT_AT_CONNECT);
    producer.putLong(0, write(0, EventLayout.KIND_EXCHANGE, 0, payload));
    ring.drain(decoder, 10);
    assertThat(((Captured.PairedExchange) recorder.captured.getFirst()).cause())
        .isEqualTo(new Cause(0, 7001, 3, false, true, 31, 29, false));
  }

  @Test
  void decode_ofAServersExchange_givesItsThreadOrder() {
    byte[] payload = new byte[EventLayout.Exchange.SIZE_OF - 16];
    ByteBuffer body = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    body.put(EventLayout.Exchange.ROLE - 16, (byte) 1);
    body.put(EventLayout.Exchange.FAMILY - 16, (byte) 4);
    body.putInt(EventLayout.Exchange.THREAD_ORDER - 16, 12);
    producer.putLong(0, write(0, EventLayout.KIND_EXCHANGE, 0, payload));
    ring.drain(decoder, 10);
    assertThat(((Captured.PairedExchange) recorder.captured.getFirst()).cause())
        .isEqualTo(new Cause(12, 0, 0, false, false, 0, 0, false));
  }

  @Test
  void decode_ofAnExchange_givesItsParts() {
    byte[] prefix = "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    byte[] payload = new byte[EventLayout.Exchange.SIZE_OF - 16 + prefix.length];
    ByteBuffer body = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    body.putInt(EventLayout.Exchange.TGID - 16, 4242);
    body.putShort(EventLayout.Exchange.STATUS - 16, (short) 404);
    body.put(EventLayout.Exchange.ROLE - 16, (byte) 2);
    body.put(EventLayout.Exchange.FAMILY - 16, (byte) 4);
    body.putShort(EventLayout.Exchange.REMOTE_PORT - 16, (short) 50_000);
    body.putShort(EventLayout.Exchange.PREFIX_LENGTH - 16, (short) prefix.length);
    body.put(EventLayout.Exchange.REMOTE_ADDRESS - 16, new byte[] {10, 1, 2, (byte) 200});
    System.arraycopy(prefix, 0, payload, EventLayout.Exchange.SIZE_OF - 16, prefix.length);
    producer.putLong(0, write(0, EventLayout.KIND_EXCHANGE, 0, payload));
    ring.drain(decoder, 10);
    Captured.PairedExchange exchange = (Captured.PairedExchange) recorder.captured.getFirst();
    assertThat(exchange.processId()).isEqualTo(4242);
    assertThat(exchange.status()).isEqualTo(404);
    assertThat(exchange.role()).isEqualTo(Role.CLIENT);
    assertThat(exchange.remote().hostAndPort()).isEqualTo("10.1.2.200:50000");
    assertThat(exchange.requestPrefix()).isEqualTo(prefix);
    assertThat(exchange.complete()).isTrue();
  }
}
