package io.coral.cli;

import com.google.gson.JsonObject;
import io.coral.model.LogLevel;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "logs",
    description = "Log records that applications sent, newest first.",
    footer = {
      "",
      "Examples:",
      "  coral query logs payments-api --level warn --since 1h",
      "  coral query logs --search \"card declined\" --limit 20",
      "  coral query logs --trace-id abc123def456 --format json"
    })
final class QueryLogsCommand implements Callable<Integer> {
  private static final int MOST = 1000;

  private final CliContext context;

  @Mixin SentFlags flags = new SentFlags();

  @Option(
      names = "--level",
      paramLabel = "LEVEL",
      description = "the least severe: trace, debug, info, warn, error or fatal")
  @Nullable LogLevel level;

  @Option(
      names = "--search",
      paramLabel = "TEXT",
      description = "only records whose body has this text, in whatever case")
  String search = "";

  @Option(
      names = "--trace-id",
      paramLabel = "ID",
      description =
          "only records of this trace, of any age unless --since says: its id, the first 6 or"
              + " more digits, or a traceparent")
  String traceId = "";

  @Option(names = "--limit", paramLabel = "N", description = "1 to 1000 (default: 100)")
  int limit = 100;

  QueryLogsCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SentFlags.checkLimit(limit, MOST);
    TimeRange range = flags.range(context);
    boolean ofAnyAge = !traceId.isEmpty() && flags.since == null && flags.until == null;
    JsonObject request = new JsonObject();
    flags.addTo(request, range);
    if (ofAnyAge) {
      request.remove("sinceUnixNanos");
      request.remove("untilUnixNanos");
    }
    if (level != null) {
      request.addProperty("level", level.name().toLowerCase(Locale.ROOT));
    }
    request.addProperty("search", search);
    request.addProperty("traceId", traceId);
    request.addProperty("limit", limit);
    ConnectClient client = flags.read.anyServer(context);
    ProtoMessage answer = ask(client, request);
    String when = ofAnyAge ? "trace " + traceId : range.phrase();
    LogReport report = LogReport.of(flags.subject(), when, limit, answer);
    if (flags.json()) {
      context.console().json(report.toJson(flags.service()));
    }
    if (report.records().isEmpty()) {
      throw flags.noData("log records", when, answer.texts("knownServices"));
    }
    if (!flags.json()) {
      context
          .console()
          .text(report.table(context.clock().getZone()) + report.completeness().footer());
    }
    return report.completeness().exitCode();
  }

  private static ProtoMessage ask(ConnectClient client, JsonObject request) {
    try {
      return client.call("QueryLogs", request);
    } catch (ConnectFailure failure) {
      if ("invalid_argument".equals(failure.code())) {
        throw CommandFailure.usage("the log records cannot be asked for so", failure.reason());
      }
      throw client.failure(failure);
    }
  }
}
