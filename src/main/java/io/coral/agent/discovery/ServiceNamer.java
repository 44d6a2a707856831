package io.coral.agent.discovery;

import io.coral.model.ObservedProcess;
import io.coral.model.ServiceName;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names a service by the first that is there: the rule, the process's OpenTelemetry environment,
/// the systemd unit or container it runs in, the script or main class, the executable.
final class ServiceNamer {
  private static final Pattern UNIT = Pattern.compile("/([^/]+)\\.service(/|$)");
  private static final Pattern CONTAINER = Pattern.compile("([0-9a-f]{64})");
  private static final Pattern GENERIC_UNIT =
      Pattern.compile("(user@\\d+|session-.*|ssh|sshd|containerd|docker|crond?|init|dbus)");

  private ServiceNamer() {}

  static ServiceName name(
      ObservedProcess process,
      String configured,
      Map<String, String> environment,
      List<String> controlGroups) {
    if (!configured.isEmpty()) {
      return new ServiceName(configured, "configured");
    }
    String otel = environment.getOrDefault("OTEL_SERVICE_NAME", "").strip();
    if (otel.isEmpty()) {
      otel = resourceAttribute(environment.getOrDefault("OTEL_RESOURCE_ATTRIBUTES", ""));
    }
    if (!otel.isEmpty()) {
      return new ServiceName(otel, "environment");
    }
    for (String line : controlGroups) {
      Matcher unit = UNIT.matcher(line);
      if (unit.find() && !GENERIC_UNIT.matcher(unit.group(1)).matches()) {
        return new ServiceName(unit.group(1), "systemd");
      }
    }
    String program = program(process);
    for (String line : controlGroups) {
      Matcher container = CONTAINER.matcher(line);
      if (container.find()) {
        return new ServiceName(
            (program.isEmpty() ? "container" : program) + "-" + container.group(1).substring(0, 12),
            "container");
      }
    }
    return program.isEmpty() ? ServiceName.UNKNOWN : new ServiceName(program, "executable");
  }

  private static String resourceAttribute(String attributes) {
    for (String attribute : attributes.split(",", -1)) {
      int equals = attribute.indexOf('=');
      if (equals > 0 && attribute.substring(0, equals).strip().equals("service.name")) {
        return attribute.substring(equals + 1).strip();
      }
    }
    return "";
  }

  /// The script, module, jar or main class of an interpreter, else the executable.
  private static String program(ObservedProcess process) {
    String[] arguments = process.command().split(" ", -1);
    String found =
        switch (process.runtime()) {
          case "java" -> javaMain(arguments);
          case "python", "node" -> script(arguments);
          default -> "";
        };
    return found.isEmpty() ? process.exeName() : found;
  }

  private static String javaMain(String[] arguments) {
    for (int i = 1; i < arguments.length; i++) {
      String argument = arguments[i];
      if (argument.equals("-jar") && i + 1 < arguments.length) {
        return baseName(arguments[i + 1], ".jar");
      }
      if (argument.equals("-cp")
          || argument.equals("-classpath")
          || argument.equals("--class-path")) {
        i++;
      } else if (!argument.startsWith("-") && !argument.isEmpty()) {
        return argument.substring(argument.lastIndexOf('.') + 1);
      }
    }
    return "";
  }

  private static String script(String[] arguments) {
    for (int i = 1; i < arguments.length; i++) {
      String argument = arguments[i];
      if (argument.equals("-m") && i + 1 < arguments.length) {
        return arguments[i + 1];
      }
      if (argument.equals("-c") || argument.equals("-e")) {
        return "";
      }
      if (!argument.startsWith("-") && !argument.isEmpty()) {
        String name = argument.substring(argument.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
      }
    }
    return "";
  }

  private static String baseName(String path, String ending) {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.endsWith(ending) ? name.substring(0, name.length() - ending.length()) : name;
  }
}
