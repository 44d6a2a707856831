package io.coral.model;

/// Which processes to observe: all conditions that are given must hold.
///
/// @param name service name to give, empty = find one
/// @param openPort a TCP port that the process listens on, 0 = any
/// @param processId its id, 0 = any
/// @param exe file name of its executable, empty = any
public record ObserveRule(String name, int openPort, int processId, String exe) {
  public ObserveRule {
    if (openPort < 0 || openPort > 0xffff) {
      throw new IllegalArgumentException("open_port: " + openPort + " (expected: 1..65535)");
    }
    if (processId < 0) {
      throw new IllegalArgumentException("pid: " + processId + " (expected: 2 or more)");
    }
    if (openPort == 0 && processId == 0 && exe.isEmpty()) {
      throw new IllegalArgumentException(
          "a rule selects nothing (expected: one of open_port, pid, exe)");
    }
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

  /// The rule in the form of [#parse].
  public String text() {
    StringBuilder text = new StringBuilder(name.isEmpty() ? "" : name + "=");
    String separator = "";
    if (openPort > 0) {
      text.append(':').append(openPort);
      separator = " ";
    }
    if (processId > 0) {
      text.append(separator).append("pid:").append(processId);
      separator = " ";
    }
    if (!exe.isEmpty()) {
      text.append(separator).append("exe:").append(exe);
    }
    return text.toString();
  }
}
