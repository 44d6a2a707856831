package io.coral.cli;

import com.google.gson.JsonObject;
import java.util.Locale;

/// What a user wants observed: `:8080`, `pid:123`, `exe:nginx`, each also with a service name
/// in front, `shop=:8080`.
///
/// @param name the service name, empty when the agent is to find it
public record Selector(String name, Target target) {
  private static final String FORMS = "(expected: :PORT, pid:PID, exe:NAME or NAME=<one of these>)";

  /// Which processes.
  public sealed interface Target {
    /// Those that listen on a TCP port, 1 to 65535.
    record Port(int port) implements Target {}

    /// One process, 1 and up.
    record Pid(int pid) implements Target {}

    /// Those whose executable has this name.
    record Executable(String pattern) implements Target {}
  }

  /// @throws IllegalArgumentException with the text and the expected forms
  public static Selector parse(String text) {
    int equals = text.indexOf('=');
    String name = equals < 0 ? "" : text.substring(0, equals).strip();
    String target = text.substring(equals + 1).strip();
    if (equals == 0 || (equals > 0 && name.isEmpty())) {
      throw new IllegalArgumentException("'" + text + "': the name before '=' is empty " + FORMS);
    }
    return new Selector(name, target(text, target));
  }

  private static Target target(String whole, String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    if (text.startsWith(":")) {
      return new Target.Port(number(whole, "port", text.substring(1), 65535));
    }
    if (lower.startsWith("pid:")) {
      return new Target.Pid(number(whole, "pid", text.substring(4), Integer.MAX_VALUE));
    }
    if (lower.startsWith("exe:") && text.length() > 4) {
      return new Target.Executable(text.substring(4));
    }
    String hint = text.matches("\\d{1,5}") ? "; a port is written ':" + text + "'" : "";
    throw new IllegalArgumentException("'" + whole + "' is no selector" + hint + " " + FORMS);
  }

  private static int number(String whole, String what, String digits, int max) {
    try {
      int value = Integer.parseInt(digits);
      if (value >= 1 && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The message below names the text.
    }
    throw new IllegalArgumentException(
        "'" + whole + "': " + what + " '" + digits + "' (expected: 1.." + max + ")");
  }

  /// The body of `ConnectService`.
  JsonObject toConnectRequest() {
    JsonObject request = new JsonObject();
    if (!name.isEmpty()) {
      request.addProperty("name", name);
    }
    switch (target) {
      case Target.Port(int port) -> request.addProperty("port", port);
      case Target.Pid(int pid) -> request.addProperty("pid", pid);
      case Target.Executable(String pattern) -> request.addProperty("exePattern", pattern);
    }
    return request;
  }
}
