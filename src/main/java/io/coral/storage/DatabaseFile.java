package io.coral.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A database's file and its write-ahead log while nobody has them open: what can be mended when
/// they do not open, and where they go when nothing can.
///
/// One thread. Every method blocks.
final class DatabaseFile {
  private static final Logger LOG = LoggerFactory.getLogger(DatabaseFile.class);

  // The first of three: magic bytes, version and the id that a write-ahead log refers to.
  private static final int HEAD_BYTES = 4096;

  // What DuckDB says of an entry whose checksum is another.
  private static final Pattern DAMAGE_OF_LOG =
      Pattern.compile("Corrupt WAL file: entry at byte position (\\d+)");

  private final Path file;
  private final Path log;
  private final Path copyOfHead;
  private byte @Nullable [] headAsFound;
  private boolean isLogCut;

  DatabaseFile(Path file) {
    this.file = file;
    this.log = file.resolveSibling(file.getFileName() + ".wal");
    this.copyOfHead = file.resolveSibling(file.getFileName() + ".head");
  }

  boolean exists() {
    return Files.exists(file);
  }

  /// Remembers the head of the file, which was opened: it never changes.
  void rememberHead() throws IOException {
    byte[] head = head();
    if (head.length == HEAD_BYTES
        && !(Files.exists(copyOfHead) && Arrays.equals(head, Files.readAllBytes(copyOfHead)))) {
      Path next = copyOfHead.resolveSibling(copyOfHead.getFileName() + ".new");
      Files.write(next, head);
      Files.move(next, copyOfHead, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /// Mends what keeps the file from being opened, each part of it once.
  ///
  /// @param why it did not open
  /// @param losses takes a sentence about what is lost by that
  /// @return false when nothing can be mended
  boolean mend(SQLException why, long nowUnixNanos, List<String> losses) throws IOException {
    if (mendHead()) {
      LOG.warn("the head of {} was damaged and is what it was again", file);
      return true;
    }
    Matcher damage = DAMAGE_OF_LOG.matcher(String.valueOf(why.getMessage()));
    if (isLogCut || !damage.find()) {
      return false;
    }
    isLogCut = true;
    long place = Long.parseLong(damage.group(1));
    losses.add(
        "the write-ahead log was damaged at byte %d and is kept as %s; what follows there is not"
                .formatted(place, cutLog(place, nowUnixNanos))
            + " served");
    return true;
  }

  /// Makes the head what it was when the file was opened last; without it nothing behind it can be
  /// read.
  ///
  /// @return false when it is what it was, or nobody knows
  private boolean mendHead() throws IOException {
    if (!Files.exists(copyOfHead) || Files.size(file) < HEAD_BYTES) {
      return false;
    }
    byte[] remembered = Files.readAllBytes(copyOfHead);
    byte[] found = head();
    if (remembered.length != HEAD_BYTES || Arrays.equals(remembered, found)) {
      return false;
    }
    headAsFound = found;
    writeHead(remembered);
    return true;
  }

  private byte[] head() throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(HEAD_BYTES);
    }
  }

  private void writeHead(byte[] head) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(head), 0);
    }
  }

  /// Ends the write-ahead log and returns the name of a copy of it.
  private Path cutLog(long place, long nowUnixNanos) throws IOException {
    Path aside = aside(log, nowUnixNanos);
    Files.copy(log, aside);
    try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
      channel.truncate(place);
    }
    return aside.getFileName();
  }

  /// Puts the file aside as it was found, its write-ahead log with it, and returns its new name.
  Path quarantine(long nowUnixNanos) throws IOException {
    if (headAsFound != null) {
      writeHead(headAsFound);
    }
    Path aside = aside(file, nowUnixNanos);
    Files.move(file, aside);
    Files.deleteIfExists(copyOfHead);
    if (Files.exists(log)) {
      Files.move(log, aside.resolveSibling(aside.getFileName() + ".wal"));
    }
    return aside.getFileName();
  }

  private static Path aside(Path path, long nowUnixNanos) {
    return path.resolveSibling(path.getFileName() + ".damaged-" + nowUnixNanos / 1_000_000);
  }
}
