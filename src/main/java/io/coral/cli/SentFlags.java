package io.coral.cli;

import com.google.gson.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The flags of a command that reads what applications sent.
final class SentFlags {
  private static final int NAMES_SHOWN = 12;

  @Mixin ReadFlags read = new ReadFlags();

  @Parameters(index = "0", arity = "0..1", paramLabel = "SERVICE", description = "as --service")
  @Nullable String positionalService;

  @Option(names = "--service", paramLabel = "SERVICE", description = "default: all services")
  @Nullable String namedService;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "30m, 1h, 1d, 14:02, today, 2026-01-02T10:00:00Z (default: 1h)")
  @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "as --since (default: now)")
  @Nullable String until;

  @Option(names = "--format", paramLabel = "FORMAT", description = "as --output")
  @Nullable OutputFormat format;

  boolean json() {
    return format == null ? read.json() : format == OutputFormat.JSON;
  }

  /// Empty for all.
  String service() {
    if (positionalService != null && namedService != null) {
      throw CommandFailure.usage("SERVICE and --service were both given", "one is enough");
    }
    if (positionalService != null) {
      return positionalService;
    }
    return namedService == null ? "" : namedService;
  }

  /// The service in words.
  String subject() {
    return service().isEmpty() ? "all services" : TextTable.printable(service());
  }

  TimeRange range(CliContext context) {
    return TimeRange.parse(since == null ? "1h" : since, until, context.clock());
  }

  static void checkLimit(int limit, int most) {
    if (limit < 1 || limit > most) {
      throw CommandFailure.usage("--limit cannot be used", limit + " (expected: 1.." + most + ")");
    }
  }

  /// Adds the service and the time range to a question.
  void addTo(JsonObject request, TimeRange range) {
    request.addProperty("serviceName", service());
    request.addProperty("sinceUnixNanos", Long.toString(TimeRange.unixNanos(range.since())));
    request.addProperty("untilUnixNanos", Long.toString(TimeRange.unixNanos(range.until())));
  }

  /// Says why there is nothing to show.
  ///
  /// @param what `log records`
  /// @param when `last 1 hour`
  /// @param known the services that sent some at any time
  CommandFailure noData(String what, String when, List<String> known) {
    String service = service();
    String failed =
        "no " + what + (service.isEmpty() ? "" : " of '" + service + "'") + " (" + when + ")";
    if (known.isEmpty()) {
      return new CommandFailure(
          ExitCode.NO_DATA,
          failed,
          "no application has sent any",
          "send OTLP to port 4317 (gRPC) or 4318 (HTTP) of the agent");
    }
    if (service.isEmpty() || known.contains(service)) {
      return new CommandFailure(
          ExitCode.NO_DATA,
          failed,
          "there are " + what + " of " + shortened(known) + ", none that fit",
          "a longer --since, or fewer conditions");
    }
    String nearest = NoData.nearest(service, known);
    return new CommandFailure(
        ExitCode.NO_DATA,
        failed,
        "this service sent none; there are some of " + shortened(known),
        nearest == null ? "one of these services" : "did you mean '" + nearest + "'?");
  }

  static String shortened(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(names.size(), NAMES_SHOWN)));
    int more = names.size() - NAMES_SHOWN;
    return TextTable.printable(more > 0 ? shown + " and " + more + " more" : shown);
  }
}
