package io.coral.agent.beyla;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Remembers the child on disk, so that one that outlived its agent is found at the next start. A
/// pid alone does not tell: boot and start time say whether it is still the same process.
final class ChildRecord {
  private final Path file;
  private final Path proc;

  ChildRecord(Path file, Path proc) {
    this.file = file;
    this.proc = proc;
  }

  void write(long pid) throws IOException {
    PrivateFile.write(file, pid + " " + identity(pid) + "\n");
  }

  void delete() throws IOException {
    Files.deleteIfExists(file);
  }

  /// Ends the child of an agent that was killed. Blocks, twice `patience` at most.
  ///
  /// @return its pid, empty when there is none
  Optional<Long> endOrphan(Duration patience) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Optional<Long> orphan = endOrphan(Files.readString(file), patience);
    delete();
    return orphan;
  }

  private Optional<Long> endOrphan(String written, Duration patience) {
    String[] words = written.strip().split(" ", 2);
    if (words.length < 2 || !words[0].matches("[1-9]\\d{0,9}")) {
      return Optional.empty();
    }
    long pid = Long.parseLong(words[0]);
    if (pid <= 1 || words[1].isEmpty() || !words[1].equals(identity(pid))) {
      return Optional.empty();
    }
    Optional<ProcessHandle> orphan = ProcessHandle.of(pid);
    orphan.ifPresent(
        process -> {
          process.destroy();
          if (!ended(process, patience)) {
            process.destroyForcibly();
            ended(process, patience);
          }
        });
    return orphan.map(ProcessHandle::pid);
  }

  private static boolean ended(ProcessHandle process, Duration patience) {
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException | ExecutionException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Start time in ticks since boot, and the boot; empty when there is no such process.
  private String identity(long pid) {
    try {
      String stat = Files.readString(proc.resolve(pid + "/stat"));
      // proc_pid_stat(5): the name may hold anything; what follows begins with the third field.
      String startTicks = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19];
      return startTicks + " " + Files.readString(proc.resolve("sys/kernel/random/boot_id")).strip();
    } catch (IOException | IndexOutOfBoundsException e) {
      return "";
    }
  }
}
