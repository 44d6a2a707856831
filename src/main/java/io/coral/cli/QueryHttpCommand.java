package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.cli.HttpReport.HttpRole;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "http",
    description = "Requests, latency and errors by route.",
    footer = {
      "",
      "Examples:",
      "  coral query beyla http payments-api --since 1h",
      "  coral query beyla http frontend-api --role client -o json"
    })
final class QueryHttpCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "SERVICE",
      description = "one service; without it one table each")
  @Nullable String service;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "30m, 1h, 1d, 14:02, today, 2026-01-02T10:00:00Z (default: 1h)")
  String since = "1h";

  @Option(names = "--until", paramLabel = "TIME", description = "as --since (default: now)")
  @Nullable String until;

  @Option(
      names = "--role",
      paramLabel = "ROLE",
      description = "server: requests it served; client: requests it sent (default: server)")
  HttpRole role = HttpRole.SERVER;

  QueryHttpCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    TimeRange range = TimeRange.parse(since, until, context.clock());
    ConnectClient client = flags.anyServer(context);
    return service == null ? all(client, range) : one(client, range, service);
  }

  private int one(ConnectClient client, TimeRange range, String name) {
    HttpReport report = report(client, range, name);
    if (flags.json()) {
      context.console().json(report.toJson());
    }
    if (report.rows().isEmpty()) {
      throw noData(client, range, name);
    }
    if (!flags.json()) {
      context.console().text(report.table() + report.completeness().footer());
    }
    return report.completeness().exitCode();
  }

  private int all(ConnectClient client, TimeRange range) {
    JsonObject request = new JsonObject();
    request.addProperty("sinceUnixNanos", Long.toString(TimeRange.unixNanos(range.since())));
    ProtoMessage services = client.ask("ListServices", request);
    List<HttpReport> reports = new ArrayList<>();
    for (ProtoMessage summary : services.messages("services")) {
      HttpReport report = report(client, range, summary.text("name"));
      if (!report.rows().isEmpty()) {
        reports.add(report);
      }
    }
    if (flags.json()) {
      JsonArray documents = new JsonArray();
      reports.forEach(report -> documents.add(report.toJson()));
      JsonObject document = new JsonObject();
      document.add("services", documents);
      document.add("completeness", Completeness.of(services).toJson());
      context.console().json(document);
    }
    if (reports.isEmpty()) {
      throw noData(client, range, "");
    }
    if (!flags.json()) {
      String tables = String.join("\n", reports.stream().map(HttpReport::table).toList());
      context.console().text(tables + Completeness.of(services).footer());
    }
    boolean partial =
        Completeness.of(services).partial()
            || reports.stream().anyMatch(report -> report.completeness().partial());
    return partial ? ExitCode.PARTIAL : ExitCode.OK;
  }

  private HttpReport report(ConnectClient client, TimeRange range, String name) {
    JsonObject request = HttpReport.request(name, range, role);
    if (!flags.json()) {
      // The table does not show them, and they take a look at every span.
      request.addProperty("withoutExemplars", true);
    }
    try {
      return HttpReport.of(name, role, range, client.call("QueryHttp", request));
    } catch (ConnectFailure failure) {
      if ("not_found".equals(failure.code())) {
        return HttpReport.of(name, role, range, new ProtoMessage(new JsonObject()));
      }
      throw client.failure(failure);
    }
  }

  private CommandFailure noData(ConnectClient client, TimeRange range, String name) {
    String what = role == HttpRole.SERVER ? "HTTP requests" : "HTTP client requests";
    return NoData.explain(client, what, name, range, context.clock().getZone());
  }
}
