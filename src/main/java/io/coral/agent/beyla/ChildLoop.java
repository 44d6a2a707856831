package io.coral.agent.beyla;

import io.coral.model.CollectorState;
import io.coral.telemetry.Audit;
import io.coral.telemetry.Figures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Owns the child, on a platform thread that does nothing else and lives as long as the child may:
/// the kernel's parent-death signal follows the thread that started a process, not its process.
///
/// It deletes nothing but the files that it wrote.
final class ChildLoop {
  private static final Logger LOG = LoggerFactory.getLogger(ChildLoop.class);
  private static final Logger CHILD_LOG = LoggerFactory.getLogger("io.coral.beyla");
  private static final List<String> SETPRIV = List.of("/usr/bin/setpriv", "/bin/setpriv");

  /// What a pod's process needs to find its cluster; nothing else of our environment is passed on.
  private static final List<String> PASSED_ON =
      List.of("KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT");

  private final String binary;
  private final String protocols;
  private final Path directory;
  private final Path configFile;
  private final ChildRecord record;
  private final Timing timing;
  private final Map<String, String> ownEnvironment;
  private final Backoff backoff;
  private final LongAdder starts;
  private final LongAdder suppressed;
  private final LinkedBlockingQueue<Runnable> mailbox = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile CollectorState state;
  private volatile String lastLine = "";
  private volatile Runnable stopped = () -> {};
  private volatile boolean over;

  // Below: the loop's thread only.
  private boolean stopping;
  private @Nullable BeylaConfigFile wanted;
  private @Nullable BeylaConfigFile running;
  private @Nullable Process child;
  private long wantedAtNanos;
  private long startedAtNanos;
  private long nextStartNanos = System.nanoTime();
  private long sequence;

  /// @param settled a child that lived this long is called `ok`
  /// @param debounce how long a changed configuration must stay as it is before it is applied
  /// @param patience between SIGTERM and SIGKILL
  record Timing(
      Duration firstDelay,
      Duration mostDelay,
      Duration healthy,
      Duration settled,
      Duration debounce,
      Duration patience) {
    static final Timing USUAL =
        new Timing(
            Duration.ofSeconds(1),
            Duration.ofSeconds(60),
            Duration.ofMinutes(5),
            Duration.ofSeconds(2),
            Duration.ofSeconds(5),
            Duration.ofSeconds(5));
  }

  /// @param protocols that are switched on, for the audit
  /// @param directory for the configuration and the record of the child, made if it is not there
  ChildLoop(
      String binary,
      String protocols,
      Path directory,
      Timing timing,
      Map<String, String> ownEnvironment,
      RandomGenerator random,
      Figures figures) {
    this.binary = binary;
    this.protocols = protocols;
    this.directory = directory;
    this.configFile = directory.resolve("config.yaml");
    this.record = new ChildRecord(directory.resolve("child"), Path.of("/proc"));
    this.timing = timing;
    this.ownEnvironment = ownEnvironment;
    this.backoff = new Backoff(timing.firstDelay(), timing.mostDelay(), timing.healthy(), random);
    this.starts = figures.counter("coral_beyla_starts_total");
    this.suppressed = figures.counter("coral_beyla_log_lines_left_out_total");
    this.state = new CollectorState("beyla", CollectorState.STARTING, "");
    this.thread = Thread.ofPlatform().name("coral-beyla").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /// The child shall run with this; any thread.
  void want(BeylaConfigFile file) {
    mailbox.add(
        () -> {
          if (!file.equals(wanted)) {
            wanted = file;
            wantedAtNanos = System.nanoTime();
          }
        });
  }

  /// Ends the child; any thread.
  void stop(Runnable whenStopped) {
    mailbox.add(
        () -> {
          stopped = whenStopped;
          stopping = true;
        });
    if (over) {
      whenStopped.run();
    }
  }

  /// How it fares; any thread.
  CollectorState state() {
    return state;
  }

  private void run() {
    try {
      endOrphan(record, timing.patience());
      while (!stopping) {
        Runnable message = mailbox.poll(untilNext(), TimeUnit.NANOSECONDS);
        if (message != null) {
          message.run();
        }
        if (!stopping) {
          act();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      endChild("stopped");
      deleteOwnFiles();
      state = new CollectorState("beyla", CollectorState.OFF, "stopped");
      over = true;
      stopped.run();
    }
  }

  static void endOrphan(ChildRecord record, Duration patience) {
    try {
      Optional<Long> orphan = record.endOrphan(patience);
      orphan.ifPresent(pid -> Audit.log("beyla_orphan_ended", "pid", pid));
    } catch (IOException e) {
      LOG.warn("the record of the last Beyla cannot be read: {}", e.getMessage());
    }
  }

  /// Nanoseconds until something is due without a message.
  private long untilNext() {
    long now = System.nanoTime();
    long until = timing.debounce().toNanos();
    if (child != null && !state.state().equals(CollectorState.OK)) {
      until = Math.min(until, startedAtNanos + timing.settled().toNanos() - now);
    } else if (child == null) {
      until = Math.min(until, nextStartNanos - now);
    }
    if (wanted != null && !wanted.equals(running)) {
      until = Math.min(until, wantedAtNanos + timing.debounce().toNanos() - now);
    }
    return Math.max(until, 1_000_000);
  }

  private void act() {
    long now = System.nanoTime();
    Process current = child;
    if (current != null && !current.isAlive()) {
      exited(current, now);
    }
    BeylaConfigFile next = wanted;
    if (next != null
        && !next.equals(running)
        && (running == null || now - wantedAtNanos >= timing.debounce().toNanos())) {
      if (running != null) {
        Audit.log(
            "beyla_config_changed",
            "pid",
            child == null ? 0 : child.pid(),
            "config_sha256",
            next.sha256());
      }
      endChild("ended_for_config");
      running = next;
      backoff.reset();
      nextStartNanos = now;
    }
    BeylaConfigFile config = running;
    if (config == null) {
      return;
    }
    if (child == null) {
      if (!config.selects()) {
        state = new CollectorState("beyla", CollectorState.OFF, "no rule selects a process");
      } else if (now - nextStartNanos >= 0) {
        startChild(config);
      }
    } else if (now - startedAtNanos >= timing.settled().toNanos()) {
      state = new CollectorState("beyla", CollectorState.OK, "");
    }
  }

  private void startChild(BeylaConfigFile config) {
    startedAtNanos = System.nanoTime();
    try {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      PrivateFile.write(configFile, config.yaml());
      Audit.log("beyla_config_written", "file", configFile, "config_sha256", config.sha256());
      Process process = builder(config).start();
      child = process;
      record.write(process.pid());
      starts.increment();
      lastLine = "";
      Audit.log(
          sequence++ == 0 ? "beyla_started" : "beyla_restarted",
          "pid",
          process.pid(),
          "config_sha256",
          config.sha256(),
          "protocols",
          protocols,
          "binary",
          binary);
      if (backoff.failures() == 0) {
        state = new CollectorState("beyla", CollectorState.STARTING, "");
      }
      LogLines lines =
          new LogLines(
              System::nanoTime,
              suppressed,
              line -> {
                lastLine = line;
                CHILD_LOG.info("{}", line);
              });
      Thread.ofPlatform()
          .name("coral-beyla-log")
          .daemon()
          .start(() -> lines.readAll(process.getInputStream()));
      process.onExit().thenRun(() -> mailbox.add(() -> {}));
    } catch (IOException | UnsupportedOperationException e) {
      // The record could not be written: the child must not be forgotten.
      endChild("ended_unrecorded");
      failed("cannot be started: " + e.getMessage(), Duration.ZERO);
    }
  }

  private ProcessBuilder builder(BeylaConfigFile config) {
    List<String> command = new ArrayList<>();
    // The kernel ends the child when this thread is gone, also after a SIGKILL of the agent.
    SETPRIV.stream()
        .filter(path -> Files.isExecutable(Path.of(path)))
        .findFirst()
        .ifPresent(path -> command.addAll(List.of(path, "--pdeathsig", "KILL")));
    command.addAll(List.of(binary, "-config", configFile.toAbsolutePath().toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.directory(directory.toFile());
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    environment.put("LANG", "C.UTF-8");
    environment.put("HOME", directory.toAbsolutePath().toString());
    for (String name : PASSED_ON) {
      String value = ownEnvironment.get(name);
      if (value != null) {
        environment.put(name, value);
      }
    }
    environment.putAll(config.environment());
    return builder;
  }

  private void exited(Process ended, long now) {
    child = null;
    Duration lived = Duration.ofNanos(now - startedAtNanos);
    Audit.log(
        "beyla_exited",
        "pid",
        ended.pid(),
        "code",
        ended.exitValue(),
        "lived_ms",
        lived.toMillis());
    failed("exited with code " + ended.exitValue(), lived);
  }

  private void failed(String what, Duration lived) {
    Duration delay = backoff.after(lived);
    nextStartNanos = System.nanoTime() + delay.toNanos();
    String said = lastLine;
    state =
        new CollectorState(
            "beyla",
            CollectorState.FAILED,
            what
                + ", "
                + backoff.failures()
                + (backoff.failures() == 1 ? " time" : " times in a row")
                + ", started again after "
                + Math.max(1, delay.toSeconds())
                + " s"
                + (said.isEmpty() ? "" : "; it said: " + said));
    Audit.log("beyla_backed_off", "delay_ms", delay.toMillis(), "failures", backoff.failures());
    LOG.warn("beyla {}", state.reason());
  }

  private void endChild(String event) {
    Process process = child;
    child = null;
    if (process == null) {
      return;
    }
    process.destroy();
    try {
      if (!process.waitFor(timing.patience().toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly().waitFor(timing.patience().toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    Audit.log("beyla_" + event, "pid", process.pid());
  }

  private void deleteOwnFiles() {
    try {
      Files.deleteIfExists(configFile);
      record.delete();
    } catch (IOException e) {
      LOG.warn("a file of the Beyla child cannot be deleted: {}", e.getMessage());
    }
  }
}
