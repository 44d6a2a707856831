package io.coral.answer;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.coral.rpc.RpcServer;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.storage.RedQueries;
import io.coral.storage.SpanQueries;
import io.coral.storage.SpanSearch;
import io.coral.storage.Trace;
import io.coral.storage.TraceQueries;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Jaeger's HTTP API, `/api/…` and `/api/v3/…`, so that Grafana and Jaeger's UI read Coral as it
/// is. Handlers run on the event loop; what reads the database runs on a worker.
public final class JaegerRoutes {
  private static final Logger LOG = LoggerFactory.getLogger(JaegerRoutes.class);

  private final Vertx vertx;
  private final SpanQueries spans;
  private final TraceQueries traces;
  private final TraceFinder finder;
  private final JaegerMetrics metrics;
  private final Supplier<Completeness> completeness;
  private final Clock clock;

  /// What is answered; written as text where it was made, which for long traces is a worker.
  private record Answer(int status, String json) {
    Answer(int status, JsonObject json) {
      this(status, json.toString());
    }
  }

  /// @param completeness of an answer that is given now; may block
  public JaegerRoutes(
      Vertx vertx,
      SpanQueries spans,
      TraceQueries traces,
      TraceFinder finder,
      RedQueries requests,
      Supplier<Completeness> completeness,
      Clock clock) {
    this.vertx = vertx;
    this.spans = spans;
    this.traces = traces;
    this.finder = finder;
    this.metrics = new JaegerMetrics(requests);
    this.completeness = completeness;
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

  /// An agent that was not heard of may have the trace.
  private Answer notFound(boolean v3) {
    Completeness now = completeness.get();
    int silent = now.getAgentsTotal() - now.getAgentsAnswered();
    return failed(
        404,
        silent == 0
            ? "trace not found"
            : "trace not found, but "
                + silent
                + " of "
                + now.getAgentsTotal()
                + " agents did not answer: "
                + String.join("; ", now.getGapsList()),
        v3);
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
    return onWorker(spans::services).map(names -> ok(JaegerJson.texts(names)));
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
    return onWorker(() -> spans.operations(service, null))
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
    return onWorker(() -> spans.operations(service, role));
  }

  private Future<Answer> search(HttpServerRequest request) {
    JaegerParameters parameters = parameters(request);
    List<String> asked = parameters.all("traceID");
    if (!asked.isEmpty()) {
      List<Future<Trace>> found =
          asked.stream().map(JaegerParameters::traceId).map(this::find).toList();
      return Future.all(found)
          .compose(
              _ ->
                  onWorker(
                      () -> answer(found.stream().map(Future::result).toList(), asked.size())));
    }
    SpanSearch search = parameters.search();
    return onWorker(() -> answer(traces.traces(spans.find(search)), search.limit()));
  }

  private static Answer answer(List<Trace> traces, int limit) {
    JsonArray data = new JsonArray();
    traces.stream()
        .filter(trace -> !trace.spans().isEmpty())
        .forEach(trace -> data.add(JaegerJson.trace(trace)));
    return new Answer(200, JaegerJson.envelope(data, limit));
  }

  /// @return without spans when there is no such trace
  private Future<Trace> find(String id) {
    return finder
        .find(id)
        .map(
            found -> {
              Trace trace = found.trace();
              return trace == null ? new Trace(id, List.of(), false) : trace;
            });
  }

  private Future<Answer> trace(HttpServerRequest request) {
    String id = JaegerParameters.traceId(below(request, "/api/traces/"));
    return find(id)
        .compose(
            trace ->
                trace.spans().isEmpty()
                    ? onWorker(() -> notFound(false))
                    : onWorker(() -> answer(List.of(trace), 0)));
  }

  private Future<Answer> dependencies(HttpServerRequest request) {
    JaegerParameters parameters = parameters(request);
    long until = parameters.millis("endTs", nowNanos());
    long lookback = parameters.millis("lookback", 24 * JaegerParameters.HOUR_NANOS);
    return onWorker(() -> spans.dependencies(Math.max(0, until - lookback), until))
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
    return metrics(request, metrics::calls);
  }

  private Future<Answer> errors(HttpServerRequest request) {
    return metrics(request, metrics::errors);
  }

  private Future<Answer> latencies(HttpServerRequest request) {
    return metrics(request, metrics::latencies);
  }

  private Future<Answer> metrics(
      HttpServerRequest request, BiFunction<JaegerParameters, Long, JsonObject> family) {
    JaegerParameters parameters = parameters(request);
    return onWorker(() -> new Answer(200, family.apply(parameters, nowNanos())));
  }

  private Future<Answer> servicesV3(HttpServerRequest request) {
    return onWorker(spans::services)
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
    return onWorker(() -> result(traces.traces(spans.find(search))));
  }

  private Future<Answer> traceV3(HttpServerRequest request) {
    String id = JaegerParameters.traceId(below(request, "/api/v3/traces/"));
    return find(id)
        .compose(
            trace ->
                trace.spans().isEmpty()
                    ? onWorker(() -> notFound(true))
                    : onWorker(() -> result(List.of(trace))));
  }

  private static Answer result(List<Trace> traces) {
    JsonObject json = new JsonObject();
    json.add("result", OtlpJson.traces(traces));
    return new Answer(200, json);
  }
}
