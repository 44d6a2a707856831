package io.coral.model;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Which processes to observe: all conditions that are given must hold.
///
/// @param name service name to give, empty = find one
/// @param openPorts TCP ports of which the process listens on one, empty = any
/// @param processId its id, 0 = any
/// @param exe file name of its executable, empty = any
/// @param exePath [Glob] over the whole path of its executable, empty = any
/// @param cmdline regular expression that occurs in its command line, empty = any
/// @param podName [Glob] over the name of its Kubernetes pod, empty = any
/// @param podNamespace the pod's namespace, a [Glob], empty = any
/// @param podLabels labels that the pod has, the values are [Glob]s
public record ObserveRule(
    String name,
    List<PortRange> openPorts,
    int processId,
    String exe,
    String exePath,
    String cmdline,
    String podName,
    String podNamespace,
    Map<String, String> podLabels) {
  /// Every process that listens.
  public static final ObserveRule ALL = new ObserveRule("", List.of(PortRange.ALL), 0, "");

  public ObserveRule {
    openPorts = List.copyOf(openPorts);
    podLabels = Map.copyOf(podLabels);
    if (processId < 0) {
      throw new IllegalArgumentException("pid: " + processId + " (expected: 2 or more)");
    }
    if (openPorts.isEmpty()
        && processId == 0
        && exe.isEmpty()
        && exePath.isEmpty()
        && cmdline.isEmpty()
        && podName.isEmpty()
        && podNamespace.isEmpty()
        && podLabels.isEmpty()) {
      throw new IllegalArgumentException(
          "a rule selects nothing (expected: one of open_port, open_ports, pid, exe, exe_path,"
              + " cmdline, k8s_pod_name, k8s_namespace, k8s_pod_label)");
    }
    if (!exe.isEmpty() && !exePath.isEmpty()) {
      throw new IllegalArgumentException("exe and exe_path (expected: one of them)");
    }
    Glob.of(exePath);
    Glob.of(podName);
    Glob.of(podNamespace);
    podLabels.values().forEach(Glob::of);
    // Throws an IllegalArgumentException that says where the expression is wrong.
    Pattern.compile(cmdline);
  }

  /// @param openPort 0 = any
  public ObserveRule(String name, int openPort, int processId, String exe) {
    this(name, openPort == 0 ? List.of() : List.of(PortRange.of(openPort)), processId, exe);
  }

  public ObserveRule(String name, List<PortRange> openPorts, int processId, String exe) {
    this(name, openPorts, processId, exe, "", "", "", "", Map.of());
  }

  /// Reads a selector of the command line: `:8080`, `pid:123`, `exe:nginx`, each with `name=`
  /// before it if wanted.
  ///
  /// @throws IllegalArgumentException with a message for the user
  public static ObserveRule parse(String selector) {
    int equals = selector.indexOf('=');
    String name = equals < 0 ? "" : selector.substring(0, equals).strip();
    String what = selector.substring(equals + 1).strip();
    if (equals == 0) {
      throw malformed(selector);
    }
    try {
      if (what.startsWith(":")) {
        int port = Integer.parseInt(what.substring(1));
        if (port > 0) {
          return new ObserveRule(name, port, 0, "");
        }
      } else if (what.startsWith("pid:")) {
        int pid = Integer.parseInt(what.substring(4));
        if (pid > 1) {
          return new ObserveRule(name, 0, pid, "");
        }
      } else if (what.startsWith("exe:") && what.length() > 4) {
        return new ObserveRule(name, 0, 0, what.substring(4));
      }
    } catch (NumberFormatException e) {
      throw malformed(selector);
    }
    throw malformed(selector);
  }

  private static IllegalArgumentException malformed(String selector) {
    return new IllegalArgumentException(
        "selector: \""
            + selector
            + "\" (expected: :8080, pid:123 with a pid above 1, exe:nginx, or name= before one of them)");
  }

  /// Whether a pod has to be looked at.
  public boolean asksForPod() {
    return !podName.isEmpty() || !podNamespace.isEmpty() || !podLabels.isEmpty();
  }

  /// Whether it selects whatever listens.
  public boolean selectsAll() {
    return equals(ALL);
  }

  /// The rule in the form of [#parse], with further conditions behind it.
  public String text() {
    StringBuilder text = new StringBuilder(name.isEmpty() ? "" : name + "=");
    int start = text.length();
    if (!openPorts.isEmpty()) {
      append(text, start, ":", PortRange.text(openPorts));
    }
    append(text, start, "pid:", processId == 0 ? "" : Integer.toString(processId));
    append(text, start, "exe:", exe);
    append(text, start, "exe_path:", exePath);
    append(text, start, "cmdline:", cmdline);
    append(text, start, "k8s_pod_name:", podName);
    append(text, start, "k8s_namespace:", podNamespace);
    new TreeMap<>(podLabels)
        .forEach((label, value) -> append(text, start, "k8s_pod_label:", label + "=" + value));
    return text.toString();
  }

  private static void append(StringBuilder text, int start, String kind, String value) {
    if (!value.isEmpty()) {
      text.append(text.length() > start ? " " : "").append(kind).append(value);
    }
  }
}
