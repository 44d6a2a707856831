package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    description = "What this kernel and this user allow, and what is missing.")
final class DoctorCommand implements Callable<Integer> {
  private static final String PRIVILEGES = "privileges";

  private final CliContext context;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table or json (default: table)")
  OutputFormat output = OutputFormat.TABLE;

  DoctorCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    List<DoctorProbe.Check> checks = context.doctor().run();
    if (output == OutputFormat.JSON) {
      context.console().json(json(checks));
    } else {
      print(checks);
    }
    return exitCode(checks);
  }

  private void print(List<DoctorProbe.Check> checks) {
    int width = checks.stream().mapToInt(check -> check.name().length()).max().orElse(0);
    for (DoctorProbe.Check check : checks) {
      String mark =
          switch (check.status()) {
            case OK -> "✓";
            case LIMITED -> "!";
            case MISSING -> "✗";
          };
      String padding = " ".repeat(width - check.name().length());
      context.console().line(mark + " " + check.name() + padding + "  " + check.finding());
      if (!check.advice().isEmpty()) {
        context.console().line(" ".repeat(width + 4) + check.advice());
      }
    }
  }

  private static int exitCode(List<DoctorProbe.Check> checks) {
    int code = ExitCode.OK;
    for (DoctorProbe.Check check : checks) {
      if (check.status() == DoctorProbe.Status.MISSING) {
        if (check.name().equals(PRIVILEGES)) {
          return ExitCode.PERMISSION;
        }
        code = ExitCode.FAILURE;
      }
    }
    return code;
  }

  private static JsonObject json(List<DoctorProbe.Check> checks) {
    JsonArray array = new JsonArray();
    for (DoctorProbe.Check each : checks) {
      JsonObject check = new JsonObject();
      check.addProperty("name", each.name());
      check.addProperty("status", each.status().name().toLowerCase(Locale.ROOT));
      check.addProperty("finding", each.finding());
      check.addProperty("advice", each.advice());
      array.add(check);
    }
    JsonObject json = new JsonObject();
    json.add("checks", array);
    return json;
  }
}
