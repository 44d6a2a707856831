package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(name = "list", description = "The services that were seen.")
final class ServiceListCommand implements Callable<Integer> {
  private final CliContext context;

  @Mixin ReadFlags flags = new ReadFlags();

  @Option(names = "--since", paramLabel = "TIME", description = "default: 1h")
  String since = "1h";

  ServiceListCommand(CliContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    TimeRange range = TimeRange.parse(since, null, context.clock());
    ConnectClient client = flags.anyServer(context);
    JsonObject request = new JsonObject();
    request.addProperty("sinceUnixNanos", Long.toString(TimeRange.unixNanos(range.since())));
    ProtoMessage answer = client.ask("ListServices", request);
    List<ProtoMessage> services = answer.messages("services");
    Completeness completeness = Completeness.of(answer);
    if (flags.json()) {
      context.console().json(json(services, completeness));
    }
    if (services.isEmpty()) {
      throw NoData.explain(client, "services", "", range, context.clock().getZone());
    }
    if (!flags.json()) {
      String table = table(services, context.clock().instant());
      context.console().text(table + completeness.footer());
    }
    return completeness.exitCode();
  }

  private static String table(List<ProtoMessage> services, Instant now) {
    TextTable table =
        TextTable.of(
            "Service", "Served", "Errors", "P95", "Sent", "Last seen", "Name from", "Agents");
    for (ProtoMessage service : services) {
      long requests = service.number("requests");
      long errors = service.number("errors");
      long lastSeenUnixNanos = service.number("lastSeenUnixNanos");
      table.add(
          service.text("name"),
          Figures.count(requests),
          requests == 0 ? "-" : Figures.percent((double) errors / requests),
          Figures.percentile(service.decimal("p95Ms"), requests),
          Figures.count(service.number("clientRequests")),
          lastSeenUnixNanos == 0
              ? "-"
              : Figures.span(Duration.between(TimeRange.ofUnixNanos(lastSeenUnixNanos), now))
                  + " ago",
          service.text("nameSource").isEmpty() ? "-" : service.text("nameSource"),
          String.join(" ", service.texts("agents")));
    }
    return table.text();
  }

  private static JsonObject json(List<ProtoMessage> services, Completeness completeness) {
    JsonArray array = new JsonArray();
    for (ProtoMessage each : services) {
      JsonObject service = new JsonObject();
      service.addProperty("name", each.text("name"));
      service.addProperty("requests", each.number("requests"));
      service.addProperty("errors", each.number("errors"));
      service.addProperty("p95_ms", each.decimal("p95Ms"));
      service.addProperty("client_requests", each.number("clientRequests"));
      service.add("last_seen", AnswerJson.time(each.number("lastSeenUnixNanos")));
      service.add("agents", AnswerJson.texts(each.texts("agents")));
      service.addProperty("name_source", each.text("nameSource"));
      array.add(service);
    }
    JsonObject json = new JsonObject();
    json.add("services", array);
    json.add("completeness", completeness.toJson());
    return json;
  }
}
