package io.coral.answer;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.coral.rpc.RpcServer;
import io.coral.telemetry.Figures;
import io.coral.telemetry.MetricText;
import io.coral.telemetry.RequestSeries;
import io.coral.telemetry.Scrape;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/// `/healthz`, `/readyz`, `/status`, `/metrics` and `/duckdb/`, the same at agent and colony.
public final class CommonRoutes {
  private final Vertx vertx;
  private final Path scratch;
  private final String databaseName;
  private final Consumer<Path> snapshot;

  /// @param scratch directory for snapshots on their way out
  /// @param databaseName what `/duckdb/` lists
  /// @param snapshot writes a copy to a path that does not exist; blocks
  public CommonRoutes(Vertx vertx, Path scratch, String databaseName, Consumer<Path> snapshot) {
    this.vertx = vertx;
    this.scratch = scratch;
    this.databaseName = databaseName;
    this.snapshot = snapshot;
  }

  /// Adds the routes.
  ///
  /// @param serving whether `/healthz` is 200
  /// @param status the answer of `/status`; does not block
  public void mount(
      RpcServer server,
      Figures figures,
      RequestSeries series,
      BooleanSupplier serving,
      Supplier<Future<? extends Message>> status) {
    server
        .get("/healthz", request -> health(request, serving))
        .get("/readyz", request -> health(request, serving))
        .get("/status", request -> status(request, status))
        .get("/metrics", request -> metrics(request, figures, series))
        .get("/duckdb/", this::duckdb);
  }

  private static void metrics(HttpServerRequest request, Figures figures, RequestSeries series) {
    MetricText.Format format = MetricText.Format.of(request.getHeader("accept"));
    HttpServerResponse response =
        request.response().putHeader("content-type", format.contentType()).setChunked(true);
    write(response, new Scrape(format, figures, series));
  }

  private static Future<Void> write(HttpServerResponse response, Scrape scrape) {
    String page = scrape.next();
    return scrape.hasNext()
        ? response.write(page).compose(_ -> write(response, scrape))
        : response.end(page);
  }

  private static void health(HttpServerRequest request, BooleanSupplier serving) {
    boolean ok = serving.getAsBoolean();
    request.response().setStatusCode(ok ? 200 : 503).end(ok ? "ok\n" : "starting\n");
  }

  private static void status(
      HttpServerRequest request, Supplier<Future<? extends Message>> status) {
    status
        .get()
        .onSuccess(
            message -> {
              try {
                request
                    .response()
                    .putHeader("content-type", "application/json")
                    .end(JsonFormat.printer().print(message));
              } catch (InvalidProtocolBufferException e) {
                request.response().setStatusCode(500).end();
              }
            })
        .onFailure(_ -> request.response().setStatusCode(503).end());
  }

  private void duckdb(HttpServerRequest request) {
    String name = request.path() == null ? "" : request.path().substring("/duckdb/".length());
    if (name.isEmpty()) {
      request
          .response()
          .putHeader("content-type", "application/json")
          .end("{\"databases\":[\"" + databaseName + "\"]}");
    } else if (name.equals(databaseName)) {
      sendSnapshot(request);
    } else {
      request
          .response()
          .setStatusCode(404)
          .end("no database of this name; GET /duckdb/ lists them\n");
    }
  }

  private void sendSnapshot(HttpServerRequest request) {
    send(
        request,
        ".duckdb",
        file ->
            vertx.executeBlocking(
                () -> {
                  snapshot.accept(file);
                  return null;
                },
                false));
  }

  /// Answers with a file that is made for it and deleted afterwards.
  ///
  /// @param ending of the file's name
  /// @param writer makes the file at a path that does not exist
  public void send(HttpServerRequest request, String ending, Function<Path, Future<?>> writer) {
    Path file = scratch.resolve("out-" + UUID.randomUUID() + ending);
    vertx
        .executeBlocking(() -> Files.createDirectories(scratch), false)
        .compose(_ -> writer.apply(file))
        .compose(
            _ ->
                request
                    .response()
                    .putHeader("content-type", "application/octet-stream")
                    .sendFile(file.toString()))
        .onFailure(
            failure -> {
              if (!request.response().headWritten()) {
                request.response().setStatusCode(500).end(failure.getMessage() + "\n");
              }
            })
        .onComplete(_ -> vertx.executeBlocking(() -> delete(file), false));
  }

  private static boolean delete(Path file) throws IOException {
    return Files.deleteIfExists(file);
  }
}
