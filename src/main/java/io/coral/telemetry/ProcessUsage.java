package io.coral.telemetry;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// CPU time and resident memory of this process, from `/proc/self`.
public final class ProcessUsage {
  private static final long TICKS_PER_SECOND = 100;
  private static final long PAGE_BYTES = 4096;

  private ProcessUsage() {}

  /// User and system time since the start, in seconds (resolution 10 ms); 0 where there is no
  /// `/proc`.
  public static double cpuSeconds() {
    String stat = read("/proc/self/stat");
    int close = stat.lastIndexOf(')');
    if (close < 0) {
      return 0;
    }
    // proc_pid_stat(5): fields 14 and 15; the third follows the command name.
    String[] fields = stat.substring(close + 2).split(" ", 15);
    return (double) (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  /// Resident memory in bytes; 0 where there is no `/proc`.
  public static long residentBytes() {
    String statm = read("/proc/self/statm");
    int space = statm.indexOf(' ');
    return space < 0 ? 0 : Long.parseLong(statm.substring(space + 1).split(" ", 2)[0]) * PAGE_BYTES;
  }

  private static String read(String path) {
    try {
      return Files.readString(Path.of(path));
    } catch (IOException e) {
      return "";
    }
  }
}
