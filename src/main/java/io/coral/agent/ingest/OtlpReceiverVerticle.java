package io.coral.agent.ingest;

import io.coral.config.Address;
import io.coral.otlp.Signal;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Receives OTLP on any number of ports, each with its own sink. Every port takes gRPC (HTTP/2
/// in clear text) and HTTP (1.1 and 2), because people mix the two port numbers up. Event loop;
/// the worker `coral-otlp` decodes.
public final class OtlpReceiverVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(OtlpReceiverVerticle.class);

  /// In flight over all ports; one message of the greatest size and a good many usual ones.
  public static final long DEFAULT_BUDGET_BYTES = 24L << 20;

  private static final int MAX_HEADER_BYTES = 16 << 10;
  private static final int MAX_STREAMS = 128;
  private static final int STREAM_WINDOW_BYTES = 512 << 10;
  private static final int CONNECTION_WINDOW_BYTES = 2 << 20;
  private static final int MAX_CHUNK_BYTES = 64 << 10;

  /// Many more than clients need that cancel what is refused before they have sent it all.
  private static final int MAX_RESETS = 10_000;

  private static final int RESET_WINDOW_SECONDS = 30;

  /// Exporters send at least once a minute; a connection that is silent for longer is
  /// forgotten.
  private static final int IDLE_SECONDS = 300;

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final long SWEEP_MILLIS = 500;

  private final List<Port> ports;
  private final ByteBudget budget;
  private final Duration patience;
  private final Figures figures;
  private final IngestFigures counts;
  private final Map<String, Signal> signalsByPath = new HashMap<>();
  private final List<HttpServer> servers = new ArrayList<>();

  /// Where to listen, and what takes the payloads that come there.
  public record Port(Address address, PayloadSink sink) {}

  public OtlpReceiverVerticle(List<Port> ports, Figures figures) {
    this(ports, new ByteBudget(DEFAULT_BUDGET_BYTES), PATIENCE, figures);
  }

  /// @param budget of the bytes in flight; several receivers may share one
  /// @param patience with a request that does not come to its end
  public OtlpReceiverVerticle(
      List<Port> ports, ByteBudget budget, Duration patience, Figures figures) {
    this.patience = patience;
    this.ports = List.copyOf(ports);
    this.budget = budget;
    this.figures = figures;
    this.counts = new IngestFigures(figures);
    for (Signal signal : Signal.values()) {
      signalsByPath.put(signal.grpcPath(), signal);
      signalsByPath.put(signal.httpPath(), signal);
    }
  }

  @Override
  public Future<?> start() {
    Intake intake =
        new Intake(budget, counts, vertx.createSharedWorkerExecutor("coral-otlp", 1), patience);
    ConnectionGuard guard = new ConnectionGuard(MAX_STREAMS, counts);
    figures.gauge("coral_otlp_in_flight_bytes", budget::usedBytes);
    vertx.setPeriodic(SWEEP_MILLIS, _ -> intake.sweep(System.nanoTime()));
    return Future.all(ports.stream().map(port -> listen(port, intake, guard)).toList());
  }

  /// The ports that are open, in the order in which they were given.
  public List<Integer> listening() {
    return servers.stream().map(HttpServer::actualPort).toList();
  }

  private Future<?> listen(Port port, Intake intake, ConnectionGuard guard) {
    HttpServer server =
        vertx
            .createHttpServer(options(port.address()))
            .connectionHandler(guard::opened)
            .exceptionHandler(failure -> LOG.debug("a connection broke", failure))
            .invalidRequestHandler(
                request -> {
                  counts.countUnknown(Verdict.Outcome.MALFORMED);
                  HttpServerRequest.DEFAULT_INVALID_REQUEST_HANDLER.handle(request);
                })
            .requestHandler(
                request -> {
                  if (guard.admits(request)) {
                    receive(intake, port.sink(), request);
                  }
                });
    servers.add(server);
    return server
        .listen()
        .recover(
            failure ->
                Future.failedFuture(
                    new BindException(port.address() + ": " + failure.getMessage())));
  }

  private static HttpServerOptions options(Address address) {
    return new HttpServerOptions()
        .setHost(address.host())
        .setPort(address.port())
        .setMaxHeaderSize(MAX_HEADER_BYTES)
        .setMaxChunkSize(MAX_CHUNK_BYTES)
        .setIdleTimeout(IDLE_SECONDS)
        .setIdleTimeoutUnit(TimeUnit.SECONDS)
        .setHttp2ClearTextEnabled(true)
        .setHttp2ConnectionWindowSize(CONNECTION_WINDOW_BYTES)
        .setHttp2RstFloodMaxRstFramePerWindow(MAX_RESETS)
        .setHttp2RstFloodWindowDuration(RESET_WINDOW_SECONDS)
        .setHttp2RstFloodWindowDurationTimeUnit(TimeUnit.SECONDS)
        .setInitialSettings(
            new Http2Settings()
                .setMaxConcurrentStreams(MAX_STREAMS)
                .setInitialWindowSize(STREAM_WINDOW_BYTES)
                .setMaxHeaderListSize(MAX_HEADER_BYTES));
  }

  private void receive(Intake intake, PayloadSink sink, HttpServerRequest request) {
    String contentType = contentType(request.getHeader("content-type"));
    Signal signal = signalsByPath.get(request.path());
    if (contentType.startsWith(GrpcExchange.CONTENT_TYPE)) {
      receiveGrpc(intake, sink, request, contentType, signal);
    } else if (signal == null || !request.path().equals(signal.httpPath())) {
      HttpExchange.refuse(
          intake,
          request,
          Verdict.refused(Verdict.Outcome.UNKNOWN_PATH, "nothing is taken at this path"));
    } else if (!request.method().equals(HttpMethod.POST)) {
      request.response().putHeader("allow", "POST");
      HttpExchange.refuse(
          intake, request, Verdict.refused(Verdict.Outcome.WRONG_METHOD, "expected: POST"));
    } else {
      HttpExchange.begin(intake, request, signal, sink, context, contentType);
    }
  }

  private void receiveGrpc(
      Intake intake,
      PayloadSink sink,
      HttpServerRequest request,
      String contentType,
      @Nullable Signal signal) {
    if (request.version() != HttpVersion.HTTP_2 || !GrpcExchange.isMessages(contentType)) {
      HttpExchange.refuse(
          intake,
          request,
          Verdict.refused(
              Verdict.Outcome.WRONG_TYPE, "expected: application/grpc over HTTP/2, protobuf"));
    } else if (signal == null || !request.path().equals(signal.grpcPath())) {
      counts.countUnknown(Verdict.Outcome.UNKNOWN_PATH);
      GrpcExchange.refuse(
          request.response(),
          Verdict.refused(Verdict.Outcome.UNKNOWN_PATH, "nothing is taken at this path"));
    } else {
      new GrpcExchange(intake, request, signal, sink, context).begin();
    }
  }

  /// The media type alone, in lower case; empty without one.
  private static String contentType(@Nullable String header) {
    if (header == null) {
      return "";
    }
    int parameters = header.indexOf(';');
    return (parameters < 0 ? header : header.substring(0, parameters))
        .trim()
        .toLowerCase(Locale.ROOT);
  }
}
