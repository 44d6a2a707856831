package io.coral.model;

import java.util.List;

/// A process as discovery sees it.
///
/// @param startTicks start time as in `/proc/PID/stat`, tells a reused pid
/// @param exe path of the executable, empty when it cannot be read
/// @param command the command line, arguments separated by spaces
/// @param ports TCP ports that it listens on
/// @param runtime `go`, `java`, `python`, `node`, `proxy`, `native`
/// @param go what the kernel side must know of it; the places to probe only when it is observed
/// @param service its name
/// @param selectedBy the rule that selected it, empty = not observed
public record ObservedProcess(
    int processId,
    int parentId,
    long startTicks,
    String exe,
    String command,
    List<Integer> ports,
    String runtime,
    GoLayout go,
    ServiceName service,
    String selectedBy) {
  public ObservedProcess {
    ports = List.copyOf(ports);
  }

  /// Path of the executable as it was when the process began.
  public String exePath() {
    return exe.endsWith(" (deleted)") ? exe.substring(0, exe.length() - 10) : exe;
  }

  /// File name of the executable.
  public String exeName() {
    String path = exePath();
    return path.substring(path.lastIndexOf('/') + 1);
  }

  public ObservedProcess selected(ServiceName name, String rule, GoLayout layout) {
    return new ObservedProcess(
        processId, parentId, startTicks, exe, command, ports, runtime, layout, name, rule);
  }
}
