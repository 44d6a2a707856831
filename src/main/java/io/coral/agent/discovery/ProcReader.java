package io.coral.agent.discovery;

import io.coral.model.GoLayout;
import io.coral.model.KubernetesPod;
import io.coral.model.ObservedProcess;
import io.coral.model.ServiceName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// Reads processes and their listening sockets from `/proc`. Blocks; one thread.
///
/// What belongs to an executable is read once per process; its sockets are read at every scan.
final class ProcReader {
  private static final String LISTEN = "0A";

  private final Path proc;
  private final PodReader pods;
  private final Map<Integer, ObservedProcess> known = new HashMap<>();
  private final Map<String, Map<Long, Integer>> listeningByNamespace = new HashMap<>();

  ProcReader(Path proc) {
    this.proc = proc;
    this.pods = new PodReader(proc);
  }

  /// The Kubernetes pod of a process.
  KubernetesPod pod(int pid) {
    return pods.read(pid, environment(pid), controlGroups(pid));
  }

  /// Every process but kernel threads.
  ///
  /// @param withPorts false: the ports are left out, which is most of the work
  Map<Integer, ObservedProcess> scan(boolean withPorts) {
    listeningByNamespace.clear();
    Map<Integer, ObservedProcess> processes = new HashMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path entry : entries) {
        read(Integer.parseInt(entry.getFileName().toString()), withPorts)
            .ifPresent(process -> processes.put(process.processId(), process));
      }
    } catch (IOException e) {
      return processes;
    }
    known.clear();
    known.putAll(processes);
    return processes;
  }

  /// The processes with these ids that are there, with the ports they had when first read.
  Map<Integer, ObservedProcess> read(Set<Integer> pids) {
    listeningByNamespace.clear();
    Map<Integer, ObservedProcess> processes = new HashMap<>();
    for (int pid : pids) {
      // The sockets of a known process are old news; its table may be long.
      read(pid, !known.containsKey(pid)).ifPresent(process -> processes.put(pid, process));
    }
    known.clear();
    known.putAll(processes);
    return processes;
  }

  /// One process; empty when it is gone or a kernel thread.
  private Optional<ObservedProcess> read(int pid, boolean withPorts) {
    Path directory = proc.resolve(String.valueOf(pid));
    try {
      String stat = Files.readString(directory.resolve("stat"));
      // proc_pid_stat(5): the command name may hold anything; what follows begins with the third
      // field.
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      int parent = Integer.parseInt(fields[1]);
      long startTicks = Long.parseLong(fields[19]);
      ObservedProcess before = known.get(pid);
      String exe = link(directory.resolve("exe"));
      if (before != null && before.startTicks() == startTicks && before.exe().equals(exe)) {
        return Optional.of(withPorts ? withPorts(before, directory) : before);
      }
      String command =
          new String(Files.readAllBytes(directory.resolve("cmdline")), StandardCharsets.UTF_8)
              .replace('\0', ' ')
              .strip();
      if (command.isEmpty() && exe.isEmpty()) {
        return Optional.empty();
      }
      Runtimes.Detected runtime = Runtimes.of(directory.resolve("exe"), exe);
      ObservedProcess process =
          new ObservedProcess(
              pid,
              parent,
              startTicks,
              exe,
              command,
              List.of(),
              runtime.name(),
              runtime.go(),
              ServiceName.UNKNOWN,
              "");
      return Optional.of(withPorts ? withPorts(process, directory) : process);
    } catch (IOException | RuntimeException e) {
      // Gone since the directory was listed, or not ours to read.
      return Optional.empty();
    }
  }

  private ObservedProcess withPorts(ObservedProcess process, Path directory) {
    return new ObservedProcess(
        process.processId(),
        process.parentId(),
        process.startTicks(),
        process.exe(),
        process.command(),
        ports(directory),
        process.runtime(),
        process.go(),
        process.service(),
        process.selectedBy());
  }

  private List<Integer> ports(Path directory) {
    Map<Long, Integer> listening =
        listeningByNamespace.computeIfAbsent(
            link(directory.resolve("ns/net")), _ -> listening(directory));
    if (listening.isEmpty()) {
      return List.of();
    }
    TreeSet<Integer> ports = new TreeSet<>();
    try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(directory.resolve("fd"))) {
      for (Path descriptor : descriptors) {
        String target = link(descriptor);
        if (target.startsWith("socket:[")) {
          Integer port = listening.get(Long.parseLong(target.substring(8, target.length() - 1)));
          if (port != null) {
            ports.add(port);
          }
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    return List.copyOf(ports);
  }

  /// Inode → port of the listening sockets of a process's network namespace.
  private static Map<Long, Integer> listening(Path directory) {
    Map<Long, Integer> sockets = new HashMap<>();
    for (String table : List.of("net/tcp", "net/tcp6")) {
      try {
        List<String> lines = Files.readAllLines(directory.resolve(table));
        for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
          String[] fields = line.strip().split("\\s+", -1);
          if (fields.length > 9 && fields[3].equals(LISTEN)) {
            String local = fields[1];
            sockets.put(
                Long.parseLong(fields[9]),
                Integer.parseInt(local.substring(local.lastIndexOf(':') + 1), 16));
          }
        }
      } catch (IOException e) {
        // No IPv6, or the process is gone: what was found stands.
      }
    }
    return sockets;
  }

  static String link(Path path) {
    try {
      return Files.readSymbolicLink(path).toString();
    } catch (IOException e) {
      return "";
    }
  }

  /// What the kernel side must know of a process that is going to be observed.
  GoLayout goLayout(ObservedProcess process) {
    return Runtimes.withProbes(process.go(), proc.resolve(process.processId() + "/exe"));
  }

  /// What its environment says of a process's name and pod; empty when it cannot be read.
  Map<String, String> environment(int pid) {
    Map<String, String> environment = new HashMap<>();
    try {
      String all = Files.readString(proc.resolve(pid + "/environ"), StandardCharsets.ISO_8859_1);
      for (String entry : all.split("\0", -1)) {
        int equals = entry.indexOf('=');
        if (equals > 0
            && (entry.startsWith("OTEL_")
                || entry.startsWith("POD_NAME")
                || entry.startsWith("HOSTNAME="))) {
          environment.put(entry.substring(0, equals), entry.substring(equals + 1));
        }
      }
    } catch (IOException e) {
      return environment;
    }
    return environment;
  }

  /// The control group paths of a process, one a line.
  List<String> controlGroups(int pid) {
    try {
      return new ArrayList<>(Files.readAllLines(proc.resolve(pid + "/cgroup")));
    } catch (IOException e) {
      return List.of();
    }
  }
}
