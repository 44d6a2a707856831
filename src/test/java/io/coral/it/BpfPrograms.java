package io.coral.it;

import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// The BPF programs of the kernel by their ids.
final class BpfPrograms {
  /// bpf(2) on x86-64, and its command that gives the next id.
  private static final long SYS_BPF = 321;

  private static final int BPF_PROG_GET_NEXT_ID = 11;
  private static final int ATTRIBUTE_BYTES = 12;

  private BpfPrograms() {}

  /// libc, for one call.
  interface LibC extends Library {
    long syscall(long number, int command, Memory attributes, int size);
  }

  /// Ids of all programs that are loaded.
  static Set<Long> loaded() {
    LibC libc = Native.load("c", LibC.class);
    Set<Long> ids = new HashSet<>();
    try (Memory attributes = new Memory(ATTRIBUTE_BYTES)) {
      int last = 0;
      while (true) {
        attributes.clear();
        attributes.setInt(0, last);
        if (libc.syscall(SYS_BPF, BPF_PROG_GET_NEXT_ID, attributes, ATTRIBUTE_BYTES) != 0) {
          return ids;
        }
        last = attributes.getInt(4);
        ids.add(Integer.toUnsignedLong(last));
      }
    }
  }

  /// Ids of the programs that a process holds, itself or by a link.
  static Set<Long> of(long pid) throws IOException {
    Set<Long> ids = new HashSet<>();
    try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(pid), "fdinfo"))) {
      for (Path file : files.toList()) {
        for (String line : lines(file)) {
          if (line.startsWith("prog_id:")) {
            ids.add(Long.parseLong(line.substring(8).strip()));
          }
        }
      }
    }
    return ids;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      // Closed since it was listed.
      return List.of();
    }
  }
}
