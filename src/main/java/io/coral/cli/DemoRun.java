package io.coral.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.cli.HttpReport.HttpRole;
import io.coral.demo.CountDifference;
import io.coral.demo.CountKey;
import io.coral.demo.DemoLoad;
import io.coral.demo.DemoPlan;
import io.coral.demo.DemoProcesses;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Runs the demo: services first, then agent and colony, then the load, then the comparison of
/// what was counted with what was sent. All of it is gone when [#run] returns.
final class DemoRun {
  private static final Duration CAPTURE_DEADLINE = Duration.ofSeconds(15);
  private static final Duration COUNT_DEADLINE = Duration.ofSeconds(20);
  private static final long POLL_MILLIS = 200;
  private static final long ENDING_MILLIS = 5_000;
  private static final long GENTLE_PAUSE_MILLIS = 200;

  /// From the one that users call downwards.
  private static final List<String> SERVICES = DemoPlan.SERVICES.reversed();

  private final CliContext context;
  private final StartOptions options;
  private final long requests;
  private final boolean once;
  private final OutputFormat output;

  DemoRun(
      CliContext context, StartOptions options, long requests, boolean once, OutputFormat output) {
    this.context = context;
    this.options = options;
    this.requests = requests;
    this.once = once;
    this.output = output;
  }

  int run() {
    try (StopAtExit stops = new StopAtExit()) {
      Path data = options.data();
      if (data != null) {
        return run(stops, data);
      }
      try (TemporaryDirectory directory = stops.add(TemporaryDirectory.create())) {
        return run(stops, directory.path());
      }
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.FAILURE, "the demo broke off", String.valueOf(e.getMessage()), "coral doctor");
    } catch (StartFailure failure) {
      throw CommandFailure.of(failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return ExitCode.FAILURE;
    }
  }

  private int run(StopAtExit stops, Path data)
      throws IOException, StartFailure, InterruptedException {
    context.console().progress("starting " + SERVICES.size() + " services …");
    try (DemoProcesses processes =
        stops.add(DemoProcesses.start(javaCommand(), System.getProperty("java.class.path", "")))) {
      StartOptions start = startOptions(data, processes);
      context.console().progress("starting agent and colony …");
      try (Servers.Running running = stops.add(context.servers().start(Servers.Role.UP, start))) {
        return observe(processes, running);
      }
    }
  }

  private StartOptions startOptions(Path data, DemoProcesses processes) throws IOException {
    List<String> observe = new ArrayList<>();
    for (DemoProcesses.Service service : processes.services()) {
      observe.add(service.name() + "=pid:" + service.pid());
    }
    observe.addAll(options.observe());
    DemoPorts ports = new DemoPorts(context.console());
    return new StartOptions(
        options.config(),
        data,
        observe,
        ports.choose("colony", options.colonyPort(), 9000),
        ports.choose("agent", options.agentPort(), 9001),
        ports.choose("OTLP gRPC", options.otlpGrpcPort(), 4317),
        ports.choose("OTLP HTTP", options.otlpHttpPort(), 4318),
        null,
        false);
  }

  private int observe(DemoProcesses processes, Servers.Running running)
      throws IOException, InterruptedException {
    ConnectClient agent = client(ServerAddress.Role.AGENT, running.agentUrl());
    ConnectClient colony = client(ServerAddress.Role.COLONY, running.colonyUrl());
    awaitCapture(agent, processes);
    Instant begin = context.clock().instant();
    Map<String, MetricCounts> places = new LinkedHashMap<>();
    places.put("agent", new MetricCounts(agent, SERVICES, begin));
    places.put("colony", new MetricCounts(colony, SERVICES, begin));
    Map<String, Map<CountKey, Long>> before = new LinkedHashMap<>();
    places.forEach((place, counts) -> before.put(place, counts.read()));

    DemoLoad load = new DemoLoad(processes.service(DemoPlan.FRONTEND).port());
    context.console().progress("sending " + requests + " requests to " + DemoPlan.FRONTEND + " …");
    DemoLoad.Result sent = load.send(0, requests);
    if (once) {
      Instant end = context.clock().instant();
      DemoTraces traces = new DemoTraces(DemoPlan.shapes(0, requests));
      traces.add("agent", new TraceShapes(agent, DemoPlan.FRONTEND, begin));
      traces.add("colony", new TraceShapes(colony, DemoPlan.FRONTEND, begin));
      return check(processes, colony, places, before, sent, traces, end);
    }
    guide(running);
    Thread gentle = new Thread(() -> sendOn(load), "demo-load-gentle");
    gentle.setDaemon(true);
    gentle.start();
    running.awaitTermination();
    return ExitCode.OK;
  }

  private static ConnectClient client(ServerAddress.Role role, String url) {
    return new ConnectClient(ServerAddress.parse(role, url));
  }

  /// Returns when the agent observes every service of the demo.
  private void awaitCapture(ConnectClient agent, DemoProcesses processes)
      throws InterruptedException {
    Set<Long> wanted =
        processes.services().stream()
            .map(DemoProcesses.Service::pid)
            .collect(Collectors.toUnmodifiableSet());
    long deadlineNanos = System.nanoTime() + CAPTURE_DEADLINE.toNanos();
    while (true) {
      ProtoMessage status = agent.ask("GetStatus", new JsonObject());
      ProtoMessage capabilities = status.message("capabilities");
      Set<Long> observed =
          status.messages("processes").stream()
              .map(process -> process.number("pid"))
              .collect(Collectors.toUnmodifiableSet());
      if (capabilities.flag("supported") && observed.containsAll(wanted)) {
        return;
      }
      if (System.nanoTime() > deadlineNanos) {
        throw notCapturing(capabilities, wanted.size(), observed);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private static CommandFailure notCapturing(
      ProtoMessage capabilities, int wanted, Set<Long> observed) {
    String reason = capabilities.text("reason");
    String why =
        reason.isEmpty()
            ? "it observes " + observed.size() + " processes (expected: " + wanted + ")"
            : reason;
    boolean permission =
        reason.toLowerCase(Locale.ROOT).matches(".*(permission|privilege|eperm|cap_|root).*");
    return new CommandFailure(
        permission ? ExitCode.PERMISSION : ExitCode.FAILURE,
        "the agent does not capture",
        why,
        permission ? "run it as root, or see coral doctor" : "coral doctor");
  }

  private int check(
      DemoProcesses processes,
      ConnectClient colony,
      Map<String, MetricCounts> places,
      Map<String, Map<CountKey, Long>> before,
      DemoLoad.Result sent,
      DemoTraces traces,
      Instant end)
      throws IOException, InterruptedException {
    Map<String, List<CountDifference>> differences = new LinkedHashMap<>();
    differences.put("services", CountDifference.between(sent.counts(), processes.counts()));
    long deadlineNanos = System.nanoTime() + COUNT_DEADLINE.toNanos();
    Map<String, Map<CountKey, Long>> counted = new LinkedHashMap<>();
    boolean waiting = true;
    while (waiting) {
      boolean late = false;
      boolean tooMany = false;
      for (Map.Entry<String, MetricCounts> place : places.entrySet()) {
        Map<CountKey, Long> counts =
            MetricCounts.since(
                before.getOrDefault(place.getKey(), Map.of()), place.getValue().read());
        counted.put(place.getKey(), counts);
        List<CountDifference> found = CountDifference.between(sent.counts(), counts);
        differences.put(place.getKey(), found);
        late |= !found.isEmpty();
        // What is missing may be on its way; what is too much does not go away.
        tooMany |= found.stream().anyMatch(each -> each.counted() > each.expected());
      }
      waiting = late && !tooMany && System.nanoTime() < deadlineNanos;
      if (waiting) {
        Thread.sleep(POLL_MILLIS);
      }
    }
    while (!traces.read(end) && System.nanoTime() < deadlineNanos) {
      Thread.sleep(POLL_MILLIS);
    }
    long countedRequests =
        counted.getOrDefault("colony", Map.of()).entrySet().stream()
            .filter(entry -> entry.getKey().service().equals(DemoPlan.FRONTEND))
            .mapToLong(Map.Entry::getValue)
            .sum();
    report(
        sent.sent(), countedRequests, reports(colony), differences, traces, tree(colony, traces));
    boolean right =
        sent.sent() == requests
            && countedRequests == requests
            && differences.values().stream().allMatch(List::isEmpty)
            && traces.isRight();
    return right ? ExitCode.OK : ExitCode.FAILURE;
  }

  /// One trace as the colony tells it, the one with the most spans.
  private static String tree(ConnectClient colony, DemoTraces traces) {
    String id = traces.largest("colony");
    if (id.isEmpty()) {
      return "";
    }
    JsonObject request = new JsonObject();
    request.addProperty("traceId", id);
    return "\n" + TraceTreeText.of(TraceDocument.of(colony.ask("GetTrace", request)), false);
  }

  private List<HttpReport> reports(ConnectClient colony) {
    TimeRange range = TimeRange.parse("1h", null, context.clock());
    List<HttpReport> reports = new ArrayList<>();
    for (String service : SERVICES) {
      JsonObject request = HttpReport.request(service, range, HttpRole.SERVER);
      reports.add(HttpReport.of(service, HttpRole.SERVER, range, colony.ask("QueryHttp", request)));
    }
    return reports;
  }

  private void report(
      long sent,
      long counted,
      List<HttpReport> reports,
      Map<String, List<CountDifference>> differences,
      DemoTraces traces,
      String tree) {
    Console console = context.console();
    if (output == OutputFormat.JSON) {
      console.json(json(sent, counted, reports, differences, traces));
      return;
    }
    console.line("sent=" + sent + " counted=" + counted);
    for (HttpReport report : reports) {
      console.text("\n" + report.table() + report.completeness().footer());
    }
    console.text(tree);
    differences.forEach(
        (place, found) -> {
          if (!found.isEmpty()) {
            TextTable table =
                TextTable.of("Service", "Method", "Route", "Status", "Expected", "Counted");
            for (CountDifference each : found) {
              CountKey key = each.key();
              table.add(
                  key.service(),
                  key.method(),
                  key.route(),
                  Integer.toString(key.status()),
                  Long.toString(each.expected()),
                  Long.toString(each.counted()));
            }
            console.text("\n✗ Not as sent, counted by the " + place + ":\n" + table.text());
          }
        });
    if (differences.values().stream().allMatch(List::isEmpty)) {
      console.line(
          "\n✓ every count is right by service, route, method and status, at agent and colony");
    }
    for (String place : traces.places()) {
      Map<String, Long> wrong = traces.differences(place);
      if (!wrong.isEmpty()) {
        TextTable table = TextTable.of("Traces", "Call graph");
        wrong.forEach((shape, more) -> table.add((more > 0 ? "+" : "") + more, shape));
        console.text("\n✗ Not as called, shown by the " + place + ":\n" + table.text());
      }
    }
    if (traces.isRight()) {
      console.line(
          "✓ every one of "
              + traces.expected()
              + " traces has its call graph, at agent and colony");
    }
  }

  private static JsonObject json(
      long sent,
      long counted,
      List<HttpReport> reports,
      Map<String, List<CountDifference>> differences,
      DemoTraces traces) {
    JsonObject json = new JsonObject();
    json.addProperty("sent", sent);
    json.addProperty("counted", counted);
    JsonObject services = new JsonObject();
    reports.forEach(report -> services.add(report.service(), report.toJson()));
    json.add("services", services);
    JsonArray array = new JsonArray();
    differences.forEach(
        (place, found) -> {
          for (CountDifference each : found) {
            JsonObject difference = new JsonObject();
            difference.addProperty("counted_by", place);
            difference.addProperty("service", each.key().service());
            difference.addProperty("method", each.key().method());
            difference.addProperty("route", each.key().route());
            difference.addProperty("status", each.key().status());
            difference.addProperty("expected", each.expected());
            difference.addProperty("counted", each.counted());
            array.add(difference);
          }
        });
    json.add("differences", array);
    JsonObject right = new JsonObject();
    right.addProperty("expected", traces.expected());
    traces.places().forEach(place -> right.addProperty(place, traces.right(place)));
    json.add("traces", right);
    return json;
  }

  private void guide(Servers.Running running) {
    boolean usual = running.colonyUrl().equals(ServerAddress.DEFAULT_COLONY);
    String colony = usual ? "" : " --colony " + running.colonyUrl();
    Console console = context.console();
    console.line("Coral " + VersionCommand.version());
    console.line("  colony    " + running.colonyUrl());
    console.line("  agent     " + running.agentUrl());
    console.line("  observes  " + String.join(", ", SERVICES) + " at about 20 requests/s");
    console.line("Try in another terminal:");
    console.line("  coral query beyla http " + DemoPlan.FRONTEND + colony);
    console.line("  coral query beyla http " + DemoPlan.PAYMENTS + " --role client" + colony);
    console.line("  coral query beyla traces --service " + DemoPlan.FRONTEND + colony);
    console.line("  coral query beyla traces --trace-id ID" + colony);
    console.line("  coral service list" + colony);
    console.line("Ctrl-C stops everything.");
  }

  private void sendOn(DemoLoad load) {
    try {
      load.send(requests, Long.MAX_VALUE - requests, GENTLE_PAUSE_MILLIS);
    } catch (IOException e) {
      sayUnlessEnding("the load ended: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Ctrl-C reaches the services too; then this process is about to end, and the broken load is
  /// no news.
  private void sayUnlessEnding(String text) {
    try {
      Thread.sleep(ENDING_MILLIS);
      context.console().progress(text);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String javaCommand() {
    return ProcessHandle.current()
        .info()
        .command()
        .orElse(Path.of(System.getProperty("java.home", ""), "bin", "java").toString());
  }
}
