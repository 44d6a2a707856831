package io.coral.cli;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "traces",
    description = "Recent traces, or slow ones.",
    footer = {
      "",
      "Examples:",
      "  coral query beyla traces --service payments-api --since 1h --limit 10",
      "  coral query beyla traces --service payments-api --min-duration 500ms --limit 5"
    })
final class QueryTracesCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  @Option(names = "--service", paramLabel = "SERVICE", description = "default: all services")
  String service = "";

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "30m, 1h, 1d, 14:02, today, 2026-01-02T10:00:00Z (default: 1h)")
  String since = "1h";

  @Option(names = "--until", paramLabel = "TIME", description = "as --since (default: now)")
  @Nullable String until;

  @Option(names = "--limit", paramLabel = "N", description = "1 to 1000 (default: 20)")
  int limit = 20;

  @Option(
      names = "--min-duration",
      paramLabel = "TIME",
      description = "only traces that took at least this long, slowest first, such as 500ms")
  @Nullable String minDuration;

  @Option(names = "--trace-id", paramLabel = "ID", hidden = true)
  @Nullable String traceId;

  QueryTracesCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (traceId != null) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "cannot show the trace '" + traceId + "'",
          "reading one trace as a tree is not supported yet",
          "coral query beyla traces lists the traces");
    }
    if (limit < 1 || limit > 1000) {
      throw CommandFailure.usage("--limit cannot be used", limit + " (expected: 1..1000)");
    }
    TimeRange range = TimeRange.parse(since, until, context.clock());
    Duration slowerThan = minDuration == null ? null : TimeRange.length(minDuration);
    ConnectClient client = flags.anyServer(context);
    String slowerThanText = minDuration == null ? "" : minDuration;
    TraceReport report =
        TraceReport.of(
            service, range, slowerThan, slowerThanText, answer(client, range, slowerThan));
    if (flags.json()) {
      context.console().json(report.toJson());
    }
    if (report.rows().isEmpty()) {
      String what = slowerThan == null ? "traces" : "traces of " + slowerThanText + " or more";
      throw NoData.explain(client, what, service, range, context.clock().getZone());
    }
    if (!flags.json()) {
      context.console().text(report.table() + report.completeness().footer());
    }
    return report.completeness().exitCode();
  }

  private ProtoMessage answer(
      ConnectClient client, TimeRange range, @Nullable Duration slowerThan) {
    JsonObject request = new JsonObject();
    request.addProperty("serviceName", service);
    request.addProperty("sinceUnixNanos", Long.toString(TimeRange.unixNanos(range.since())));
    request.addProperty("untilUnixNanos", Long.toString(TimeRange.unixNanos(range.until())));
    request.addProperty("limit", limit);
    if (slowerThan != null) {
      request.addProperty("minDurationNanos", Long.toString(slowerThan.toNanos()));
    }
    try {
      return client.call("ListTraces", request);
    } catch (ConnectFailure failure) {
      if ("not_found".equals(failure.code())) {
        return new ProtoMessage(new JsonObject());
      }
      throw client.failure(failure);
    }
  }
}
