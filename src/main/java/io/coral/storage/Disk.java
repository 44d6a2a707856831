package io.coral.storage;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/// The disk that a database lies on.
interface Disk {
  /// Asks the system. Blocks.
  Space space() throws IOException;

  /// @param usableBytes what is left for processes like this one
  record Space(long usedBytes, long usableBytes) {
    /// Percent of it that is used, not counting bytes that are free inside of files of ours.
    int usedPercent(long freeInFiles) {
      long size = usedBytes + usableBytes;
      return size <= 0 ? 0 : (int) Math.round(Math.max(0, usedBytes - freeInFiles) * 100.0 / size);
    }
  }

  static Disk of(Path directory) {
    return () -> {
      FileStore store = Files.getFileStore(directory);
      return new Space(store.getTotalSpace() - store.getUnallocatedSpace(), store.getUsableSpace());
    };
  }
}
