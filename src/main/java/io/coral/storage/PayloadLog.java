package io.coral.storage;

import io.coral.model.Payload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// The payloads whose rows are not in the database yet, as they came, in files
/// `payloads-GENERATION.log`. What the database commits it commits with the next generation, so
/// that after a kill the files of that generation and later hold exactly what is missing.
///
/// A file begins with how far it was acknowledged, 64 bits little-endian. A record is a length, a
/// CRC-32C, both 32 bits little-endian, a byte for the signal and the payload. One thread at a
/// time.
final class PayloadLog implements AutoCloseable {
  private static final String PREFIX = "payloads-";
  private static final String SUFFIX = ".log";
  private static final int START = 8;
  private static final int HEAD_BYTES = 9;

  private final Path directory;
  private long generation;

  // Null until something is written.
  private @Nullable FileChannel file;
  private long length = START;

  /// What the files of a directory hold.
  ///
  /// @param damaged bytes that were acknowledged and are not as they were written
  record Found(List<Payload> payloads, long damaged) {}

  /// @param generation greater than those of the files that are there
  PayloadLog(Path directory, long generation) {
    this.directory = directory;
    this.generation = generation;
  }

  private FileChannel opened() throws IOException {
    FileChannel known = file;
    if (known == null) {
      length = START;
      known =
          FileChannel.open(
              path(directory, generation),
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      file = known;
      acknowledge(known, START);
    }
    return known;
  }

  private static void acknowledge(FileChannel file, long length) throws IOException {
    file.write(ByteBuffer.allocate(START).order(ByteOrder.LITTLE_ENDIAN).putLong(length).flip(), 0);
  }

  private static Path path(Path directory, long generation) {
    return directory.resolve(PREFIX + generation + SUFFIX);
  }

  /// Writes payloads and has the disk keep them. After a failure none of them is there.
  void append(List<Payload> payloads) throws IOException {
    List<ByteBuffer> parts = new ArrayList<>(2 * payloads.size());
    for (Payload payload : payloads) {
      ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      head.putInt(payload.size());
      head.putInt(checksum(payload.signal(), payload.bytes(), payload.from(), payload.to()));
      head.put((byte) payload.signal());
      parts.add(head.flip());
      parts.add(ByteBuffer.wrap(payload.bytes(), payload.from(), payload.size()));
    }
    ByteBuffer[] buffers = parts.toArray(new ByteBuffer[0]);
    FileChannel to = opened();
    try {
      to.position(length);
      while (buffers[buffers.length - 1].hasRemaining()) {
        to.write(buffers);
      }
      to.force(false);
      long end = to.position();
      acknowledge(to, end);
      length = end;
    } catch (IOException e) {
      to.truncate(length);
      throw e;
    }
  }

  private static int checksum(int signal, byte[] bytes, int from, int to) {
    CRC32C checksum = new CRC32C();
    checksum.update(signal);
    checksum.update(bytes, from, to - from);
    return (int) checksum.getValue();
  }

  /// The first generation that is not in the database once everything written here is.
  long next() {
    return file == null ? generation : generation + 1;
  }

  /// Everything written here is in the database, together with [#next()].
  void committed() throws IOException {
    FileChannel old = file;
    if (old != null) {
      Path itsPath = path(directory, generation);
      file = null;
      generation++;
      old.close();
      Files.delete(itsPath);
    }
  }

  /// Reads what a generation and those after it left behind.
  static Found read(Path directory, long fromGeneration) throws IOException {
    List<Payload> payloads = new ArrayList<>();
    long damaged = 0;
    for (long generation : generations(directory)) {
      if (generation >= fromGeneration) {
        damaged += read(path(directory, generation), payloads);
      }
    }
    return new Found(payloads, damaged);
  }

  private static long read(Path file, List<Payload> payloads) throws IOException {
    ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    if (content.remaining() < START) {
      return 0;
    }
    long acknowledged = content.getLong();
    long damaged = 0;
    while (content.remaining() >= HEAD_BYTES) {
      int start = content.position();
      int size = content.getInt();
      int expected = content.getInt();
      int signal = content.get();
      if (size < 0 || size > content.remaining()) {
        content.position(start);
        break;
      }
      int from = content.position();
      content.position(from + size);
      if (checksum(signal, content.array(), from, from + size) == expected) {
        payloads.add(Payload.of(signal, content.array(), from, from + size));
      } else if (content.position() <= acknowledged) {
        damaged += content.position() - start;
      }
    }
    // Behind what was acknowledged there may be a record that was written in part.
    return damaged + Math.max(0, acknowledged - content.position());
  }

  /// The greatest generation that there is a file of, 0 when there is none.
  static long newest(Path directory) throws IOException {
    return generations(directory).stream().mapToLong(Long::longValue).max().orElse(0);
  }

  /// Deletes the files of the generations before one.
  static void deleteBefore(Path directory, long kept) throws IOException {
    for (long generation : generations(directory)) {
      if (generation < kept) {
        Files.delete(path(directory, generation));
      }
    }
  }

  private static List<Long> generations(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches(PREFIX + "\\d{1,18}\\" + SUFFIX))
          .map(name -> name.substring(PREFIX.length(), name.length() - SUFFIX.length()))
          .map(Long::valueOf)
          .sorted()
          .toList();
    }
  }

  /// Bytes that wait in the log.
  long bytes() {
    return file == null ? 0 : length;
  }

  @Override
  public void close() throws IOException {
    FileChannel known = file;
    if (known != null) {
      known.close();
    }
  }
}
