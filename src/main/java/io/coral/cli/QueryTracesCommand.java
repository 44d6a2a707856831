package io.coral.cli;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "traces",
    description = "Recent traces, slow ones, or one as a tree.",
    footer = {
      "",
      "Examples:",
      "  coral query beyla traces --service payments-api --since 1h --limit 10",
      "  coral query beyla traces --service payments-api --min-duration 500ms --limit 5",
      "  coral query beyla traces payments-api --route /api/v1/payments --slower-than p95",
      "  coral query beyla traces --trace-id abc123def456"
    })
final class QueryTracesCommand implements Callable<Integer> {
  private static final int MIN_DIGITS = 6;
  private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{" + MIN_DIGITS + ",}");
  private static final Pattern PERCENTILE = Pattern.compile("p(50|90|95|99)");

  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  /// How traces are printed; on the command line in lower case.
  enum TraceFormat {
    TABLE,
    TREE,
    JSON,
    OTLP
  }

  @Parameters(index = "0", arity = "0..1", paramLabel = "SERVICE", description = "as --service")
  @Nullable String positionalService;

  @Option(names = "--service", paramLabel = "SERVICE", description = "default: all services")
  @Nullable String namedService;

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

  @Option(
      names = "--route",
      paramLabel = "ROUTE",
      description = "only traces in which the service served it: /pay or \"POST /pay\"")
  String route = "";

  @Option(
      names = "--slower-than",
      paramLabel = "LIMIT",
      description =
          "only traces in which the service took at least as long: p50, p90, p95, p99 of its"
              + " requests in this time, or such as 500ms")
  @Nullable String slowerThan;

  @Option(
      names = "--trace-id",
      paramLabel = "ID",
      description = "one trace, of any age: its id, the first 6 or more digits, or a traceparent")
  @Nullable String traceId;

  @Option(
      names = "--spans",
      description = "with --trace-id: the client's and the server's span of each hop")
  boolean bothSpans;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "table or json; with --trace-id tree, json or otlp")
  @Nullable TraceFormat format;

  QueryTracesCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    return traceId == null ? list() : one(traceId);
  }

  private int one(String id) {
    TraceFormat shown = format(TraceFormat.TREE);
    if (shown == TraceFormat.TABLE) {
      throw CommandFailure.usage(
          "--format cannot be used", "table (expected with --trace-id: tree, json or otlp)");
    }
    if (!HEX.matcher(id.strip().replace("-", "")).matches()) {
      throw new CommandFailure(
          ExitCode.USAGE,
          "--trace-id cannot be used",
          "'" + id + "' (expected: at least " + MIN_DIGITS + " hexadecimal digits)",
          "coral query beyla traces lists the traces");
    }
    ProtoMessage answer = ask(flags.anyServer(context), id, shown == TraceFormat.OTLP);
    TraceDocument trace = TraceDocument.of(answer);
    switch (shown) {
      case JSON -> context.console().json(TraceJson.tree(trace));
      case OTLP -> context.console().json(JsonParser.parseString(answer.text("otlp")));
      case TREE, TABLE ->
          context
              .console()
              .text(TraceTreeText.of(trace, bothSpans) + trace.completeness().footer());
    }
    return trace.completeness().exitCode();
  }

  private static ProtoMessage ask(ConnectClient client, String id, boolean otlp) {
    JsonObject request = new JsonObject();
    request.addProperty("traceId", id);
    if (otlp) {
      request.addProperty("otlp", true);
    }
    try {
      return client.call("GetTrace", request);
    } catch (ConnectFailure failure) {
      throw switch (failure.code()) {
        case "not_found" ->
            new CommandFailure(
                ExitCode.NO_DATA,
                "no trace '" + id + "'",
                failure.reason(),
                "coral query beyla traces lists the traces");
        case "invalid_argument" ->
            new CommandFailure(
                ExitCode.USAGE,
                "'" + id + "' does not name one trace",
                failure.reason(),
                "give more digits of its id");
        default -> client.failure(failure);
      };
    }
  }

  private TraceFormat format(TraceFormat absent) {
    if (format != null) {
      return format;
    }
    return flags.json() ? TraceFormat.JSON : absent;
  }

  private int list() {
    TraceFormat shown = format(TraceFormat.TABLE);
    if (shown == TraceFormat.TREE || shown == TraceFormat.OTLP || bothSpans) {
      throw CommandFailure.usage(
          "a tree, OTLP and --spans are of one trace", "--trace-id was not given");
    }
    if (limit < 1 || limit > 1000) {
      throw CommandFailure.usage("--limit cannot be used", limit + " (expected: 1..1000)");
    }
    if (minDuration != null && slowerThan != null) {
      throw CommandFailure.usage(
          "--min-duration and --slower-than were both given",
          "one is about whole traces, the other about the service");
    }
    TimeRange range = TimeRange.parse(since, until, context.clock());
    JsonObject request = request(range);
    ConnectClient client = flags.anyServer(context);
    TraceReport report =
        TraceReport.of(
            subject(),
            range,
            minDuration != null ? minDuration : slowerThan,
            answer(client, request));
    if (shown == TraceFormat.JSON) {
      context.console().json(report.toJson(service()));
    }
    if (report.rows().isEmpty()) {
      String least = minDuration != null ? minDuration : slowerThan;
      String what = least == null ? "traces" : "traces of " + least + " or more";
      throw NoData.explain(client, what, service(), range, context.clock().getZone());
    }
    if (shown == TraceFormat.TABLE) {
      context.console().text(report.table() + report.completeness().footer());
    }
    return report.completeness().exitCode();
  }

  private String service() {
    if (positionalService != null && namedService != null) {
      throw CommandFailure.usage("SERVICE and --service were both given", "one is enough");
    }
    if (positionalService != null) {
      return positionalService;
    }
    return namedService == null ? "" : namedService;
  }

  private String subject() {
    String name = service().isEmpty() ? "all services" : service();
    return route.isEmpty() ? name : name + " " + route;
  }

  private JsonObject request(TimeRange range) {
    JsonObject request = new JsonObject();
    request.addProperty("serviceName", service());
    request.addProperty("sinceUnixNanos", Long.toString(TimeRange.unixNanos(range.since())));
    request.addProperty("untilUnixNanos", Long.toString(TimeRange.unixNanos(range.until())));
    request.addProperty("limit", limit);
    if (minDuration != null) {
      request.addProperty("minDurationNanos", nanos(minDuration));
    }
    if (!route.isEmpty()) {
      request.addProperty("route", route);
    }
    if (slowerThan != null && PERCENTILE.matcher(slowerThan).matches()) {
      request.addProperty("slowerThanPercentile", slowerThan);
    } else if (slowerThan != null) {
      request.addProperty("slowerThanNanos", nanos(slowerThan));
    }
    return request;
  }

  private static String nanos(String length) {
    return Long.toString(TimeRange.length(length).toNanos());
  }

  private static ProtoMessage answer(ConnectClient client, JsonObject request) {
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
