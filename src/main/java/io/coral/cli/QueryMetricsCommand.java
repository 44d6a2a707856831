package io.coral.cli;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "metrics",
    description = "Metrics that applications sent, one line a series.",
    footer = {
      "",
      "Examples:",
      "  coral query metrics payments-api",
      "  coral query metrics payments-api --name http.server.request.duration --format json"
    })
final class QueryMetricsCommand implements Callable<Integer> {
  private static final int MOST = 10_000;

  private final CliContext context;

  @Mixin SentFlags flags = new SentFlags();

  @Option(names = "--name", paramLabel = "NAME", description = "one metric (default: all)")
  String name = "";

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "points of all series together, the newest: 1 to 10000 (default: 1000)")
  int limit = 1000;

  QueryMetricsCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    SentFlags.checkLimit(limit, MOST);
    TimeRange range = flags.range(context);
    JsonObject request = new JsonObject();
    flags.addTo(request, range);
    request.addProperty("name", name);
    request.addProperty("limit", limit);
    ProtoMessage answer = flags.read.anyServer(context).ask("QueryMetrics", request);
    MetricReport report = MetricReport.of(flags.subject(), range, limit, answer);
    if (flags.json()) {
      context.console().json(report.toJson(flags.service(), name));
    }
    if (report.series().isEmpty()) {
      throw noData(answer, range);
    }
    if (!flags.json()) {
      context.console().text(report.table() + report.completeness().footer());
    }
    return report.completeness().exitCode();
  }

  private CommandFailure noData(ProtoMessage answer, TimeRange range) {
    List<String> names = answer.texts("knownNames");
    if (name.isEmpty() || names.isEmpty() || names.contains(name)) {
      return flags.noData("metrics", range.phrase(), answer.texts("knownServices"));
    }
    String nearest = NoData.nearest(name, names);
    return new CommandFailure(
        ExitCode.NO_DATA,
        "no metric '" + name + "' of " + flags.subject() + " (" + range.phrase() + ")",
        "no metric has this name; known: " + SentFlags.shortened(names),
        nearest == null ? "coral query metrics" : "did you mean '" + nearest + "'?");
  }
}
