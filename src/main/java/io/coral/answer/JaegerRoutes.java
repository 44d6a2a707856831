package io.coral.answer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.rpc.RpcServer;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.storage.CallQueries;
import io.coral.storage.RankedTrace;
import io.coral.storage.RedQueries;
import io.coral.storage.SpanSearch;
import io.coral.storage.Trace;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Jaeger's HTTP API, `/api/…` and `/api/v3/…`, so that Grafana and Jaeger's UI read Coral as it
/// is. Handlers run on the event loop; what reads the database runs on a worker.
public final class JaegerRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(JaegerRoutes.class);

  private final Vertx vertx;
  private final Supplier<History> histories;
  private final TraceFinder finder;
  private final Clock clock;

  /// What is answered; written as text where it was made, which for long traces is a worker.
  private record Answer(int status, String json) {
    Answer(int status, JsonObject json) {
      this(status, json.toString());
    }
  }

  /// @param histories gives what is stored, for one answer each; does not block
  public JaegerRoutes(Vertx vertx, Supplier<History> histories, TraceFinder finder, Clock clock) {
    this.vertx = vertx;
    this.histories = histories;
    this.finder = finder;
    this.clock = clock;
  }

  /// Adds the routes.
  public void mount(RpcServer server) {
    server
        .get("/api/services", request -> answer(request, false, this::services))
        .get("/api/services/", request -> answer(request, false, this::operationNames))
        .get("/api/operations", request -> answer(request, false, this::operations))
        .get("/api/traces", request -> answer(request, false, this::search))
        .get("/api/traces/", request -> answer(request, false, this::trace))
        .get("/api/dependencies", request -> answer(request, false, this::dependencies))
        .get("/api/metrics/minstep", request -> answer(request, false, _ -> leastStep()))
        .get("/api/metrics/calls", request -> answer(request, false, this::calls))
        .get("/api/metrics/errors", request -> answer(request, false, this::errors))
        .get("/api/metrics/latencies", request -> answer(request, false, this::latencies))
        .get("/api/v3/services", request -> answer(request, true, this::servicesV3))
        .get("/api/v3/operations", request -> answer(request, true, this::operationsV3))
        .get("/api/v3/traces", request -> answer(request, true, this::searchV3))
        .get("/api/v3/traces/", request -> answer(request, true, this::traceV3));
  }

  private void answer(
      HttpServerRequest request, boolean v3, Function<HttpServerRequest, Future<Answer>> handler) {
    Future<Answer> answer;
    try {
      answer = handler.apply(request);
    } catch (RuntimeException e) {
      answer = Future.failedFuture(e);
    }
    answer
        .otherwise(failure -> refused(failure, v3))
        .onSuccess(
            it ->
                request
                    .response()
                    .setStatusCode(it.status)
                    .putHeader("content-type", "application/json")
                    .end(it.json));
  }

  private static Answer refused(Throwable failure, boolean v3) {
    if (failure instanceof IllegalArgumentException) {
      return failed(400, String.valueOf(failure.getMessage()), v3);
    }
    LOG.error("a question in Jaeger's words is not answered", failure);
    return failed(500, String.valueOf(failure.getMessage()), v3);
  }

  private static Answer failed(int status, String message, boolean v3) {
    if (!v3) {
      return new Answer(status, JaegerJson.failure(status, message));
    }
    JsonObject error = new JsonObject();
    error.addProperty("httpCode", status);
    error.addProperty("message", message);
    JsonObject json = new JsonObject();
    json.add("error", error);
    return new Answer(status, json);
  }

  private <T> Future<T> onWorker(Callable<T> work) {
    return vertx.executeBlocking(work, false);
  }

  private JaegerParameters parameters(HttpServerRequest request) {
    return new JaegerParameters(request.params(), nowNanos());
  }

  private long nowNanos() {
    var now = clock.instant();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private static Answer ok(JsonArray data) {
    return new Answer(200, JaegerJson.envelope(data, 0));
  }

  private Future<Answer> services(HttpServerRequest request) {
    return onWorker(() -> histories.get().services()).map(names -> ok(JaegerJson.texts(names)));
  }

  private Future<Answer> operationNames(HttpServerRequest request) {
    String rest = below(request, "/api/services/");
    if (!rest.endsWith("/operations")) {
      return Future.succeededFuture(
          failed(404, "nothing is served here (expected: …/{service}/operations)", false));
    }
    String service =
        URLDecoder.decode(
            rest.substring(0, rest.length() - "/operations".length()), StandardCharsets.UTF_8);
    return onWorker(() -> histories.get().operations(service, null))
        .map(
            operations ->
                ok(
                    JaegerJson.texts(
                        operations.stream().map(SpanSearch.Operation::name).distinct().toList())));
  }

  private static String below(HttpServerRequest request, String prefix) {
    String path = request.path();
    return path == null ? "" : path.substring(prefix.length());
  }

  private Future<Answer> operations(HttpServerRequest request) {
    return operations(parameters(request), "spanKind")
        .map(
            operations -> {
              JsonArray data = new JsonArray();
              operations.forEach(operation -> data.add(JaegerJson.operation(operation)));
              return ok(data);
            });
  }

  private Future<List<SpanSearch.Operation>> operations(
      JaegerParameters parameters, String kindName) {
    String service = parameters.text("service");
    if (service.isEmpty()) {
      throw new IllegalArgumentException("service: missing (expected: the name of a service)");
    }
    var role = parameters.role(kindName);
    return onWorker(() -> histories.get().operations(service, role));
  }

  private Future<Answer> search(HttpServerRequest request) {
    JaegerParameters parameters = parameters(request);
    List<String> asked = parameters.all("traceID");
    if (!asked.isEmpty()) {
      List<Future<FoundTrace>> found =
          asked.stream().map(JaegerParameters::traceId).map(this::find).toList();
      return Future.all(found)
          .map(_ -> answer(found.stream().map(Future::result).toList(), asked.size()));
    }
    SpanSearch search = parameters.search();
    return onWorker(
        () -> answer(searched(search).stream().map(FoundTrace::of).toList(), search.limit()));
  }

  private List<Trace> searched(SpanSearch search) {
    History history = histories.get();
    return history.traces(RankedTrace.ids(history.search(search)));
  }

  private static Answer answer(List<FoundTrace> traces, int limit) {
    JsonArray data = new JsonArray();
    traces.stream().filter(FoundTrace::isThere).map(FoundTrace::json).forEach(data::add);
    return new Answer(200, JaegerJson.envelope(data, limit));
  }

  /// @param trace without spans when there is none
  /// @param unheard who may have more of it and did not answer
  /// @param completeness of the search for it
  private record FoundTrace(Trace trace, List<String> unheard, Completeness completeness) {
    private static FoundTrace of(Trace trace) {
      return new FoundTrace(trace, List.of(), Completeness.getDefaultInstance());
    }

    private boolean isThere() {
      return !trace.spans().isEmpty();
    }

    private JsonObject json() {
      return JaegerJson.trace(trace, unheard);
    }

    private Answer notFound(boolean v3) {
      return failed(404, "trace not found" + TraceHandlers.whoDidNotAnswer(completeness), v3);
    }
  }

  private Future<FoundTrace> find(String id) {
    History history = histories.get();
    return finder
        .find(history, id)
        .compose(
            found ->
                onWorker(
                    () -> {
                      Trace trace = found.traces().trace();
                      return new FoundTrace(
                          trace == null ? new Trace(id, List.of(), false) : trace,
                          found.unheard(),
                          found.completeness(history));
                    }));
  }

  private Future<Answer> trace(HttpServerRequest request) {
    return find(JaegerParameters.traceId(below(request, "/api/traces/")))
        .map(found -> found.isThere() ? answer(List.of(found), 0) : found.notFound(false));
  }

  private Future<Answer> dependencies(HttpServerRequest request) {
    JaegerParameters parameters = parameters(request);
    long until = parameters.millis("endTs", nowNanos());
    long lookback = parameters.millis("lookback", 24 * JaegerParameters.HOUR_NANOS);
    return onWorker(
            () ->
                new CallQueries(histories.get()).dependencies(Math.max(0, until - lookback), until))
        .map(
            found -> {
              JsonArray data = new JsonArray();
              found.forEach(each -> data.add(JaegerJson.dependency(each)));
              return ok(data);
            });
  }

  private static Future<Answer> leastStep() {
    return Future.succeededFuture(new Answer(200, JaegerMetrics.leastStep()));
  }

  private Future<Answer> calls(HttpServerRequest request) {
    return metrics(request, JaegerMetrics::calls);
  }

  private Future<Answer> errors(HttpServerRequest request) {
    return metrics(request, JaegerMetrics::errors);
  }

  private Future<Answer> latencies(HttpServerRequest request) {
    return metrics(request, JaegerMetrics::latencies);
  }

  /// One of the families of metrics.
  private interface Family {
    JsonObject of(JaegerMetrics metrics, JaegerParameters parameters, long nowNanos);
  }

  private Future<Answer> metrics(HttpServerRequest request, Family family) {
    JaegerParameters parameters = parameters(request);
    return onWorker(
        () ->
            new Answer(
                200,
                family.of(
                    new JaegerMetrics(new RedQueries(histories.get())), parameters, nowNanos())));
  }

  private Future<Answer> servicesV3(HttpServerRequest request) {
    return onWorker(() -> histories.get().services())
        .map(
            names -> {
              JsonObject json = new JsonObject();
              json.add("services", JaegerJson.texts(names));
              return new Answer(200, json);
            });
  }

  private Future<Answer> operationsV3(HttpServerRequest request) {
    return operations(parameters(request), "span_kind")
        .map(
            operations -> {
              JsonArray data = new JsonArray();
              operations.forEach(operation -> data.add(JaegerJson.operation(operation)));
              JsonObject json = new JsonObject();
              json.add("operations", data);
              return new Answer(200, json);
            });
  }

  private Future<Answer> searchV3(HttpServerRequest request) {
    SpanSearch search = parameters(request).searchV3();
    return onWorker(() -> result(searched(search)));
  }

  private Future<Answer> traceV3(HttpServerRequest request) {
    return find(JaegerParameters.traceId(below(request, "/api/v3/traces/")))
        .map(found -> found.isThere() ? result(List.of(found.trace)) : found.notFound(true));
  }

  private static Answer result(List<Trace> traces) {
    JsonObject json = new JsonObject();
    json.add("result", OtlpJson.traces(traces));
    return new Answer(200, json);
  }
}
