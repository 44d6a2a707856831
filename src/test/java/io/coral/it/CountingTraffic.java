package io.coral.it;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// 1,009 requests over a few connections: seven routes, four methods, thirteen errors, and bodies
/// that a pairing of requests and responses by their order on the wire gets wrong.
final class CountingTraffic {
  /// A prime, so that no rounding hides a request.
  static final int REQUESTS = 1009;

  static final int ROUTES = 7;
  static final int ERRORS = 13;
  private static final int ERROR_EVERY = 78;
  private static final int FIRST_ERROR = 5;

  /// A body that looks like the next request.
  private static final String DISGUISED = "GET /fake HTTP/1.1\r\nHost: fake\r\n\r\n";

  private static final long PAUSE_MILLIS = 3;

  /// When the body goes, seen from the head.
  private enum Body {
    NONE,
    WITH_HEAD,
    SOON_AFTER,
    IN_TWO_PIECES,
    AFTER_THE_ANSWER
  }

  private record Request(
      String method, String target, String route, int status, Body when, String body) {
    String key() {
      return method + " " + route + " " + status;
    }
  }

  private CountingTraffic() {}

  /// How often each `METHOD route status` is sent.
  static Map<String, Long> expected() {
    Map<String, Long> counts = new TreeMap<>();
    for (int i = 0; i < REQUESTS; i++) {
      counts.merge(request(i).key(), 1L, Long::sum);
    }
    return counts;
  }

  /// Sends everything, on all connections at the same time, and checks each answer.
  static void send(List<RawClient> connections)
      throws InterruptedException, ExecutionException, TimeoutException {
    try (ExecutorService threads = Executors.newFixedThreadPool(connections.size())) {
      List<Future<Void>> running = new ArrayList<>();
      for (int c = 0; c < connections.size(); c++) {
        running.add(threads.submit(part(connections.get(c), c, connections.size())));
      }
      try {
        for (Future<Void> each : running) {
          each.get(60, TimeUnit.SECONDS);
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  private static Callable<Void> part(RawClient connection, int first, int step) {
    return () -> {
      for (int i = first; i < REQUESTS; i += step) {
        exchange(connection, request(i));
      }
      return null;
    };
  }

  private static Request request(int i) {
    boolean fails = i % ERROR_EVERY == FIRST_ERROR;
    String fail = fails ? "?fail=1" : "";
    int status = fails ? 503 : 200;
    int variant = i / ROUTES % 3;
    return switch (i % ROUTES) {
      case 0 ->
          variant == 0
              ? new Request(
                  "POST", "/api/orders" + fail, "/api/orders", status, Body.WITH_HEAD, "{\"n\":1}")
              : new Request("GET", "/api/orders" + fail, "/api/orders", status, Body.NONE, "");
      case 1 ->
          new Request(
              "GET",
              "/api/orders/" + (1000 + i * 7919L) + fail,
              "/api/orders/:id",
              status,
              Body.NONE,
              "");
      case 2 ->
          new Request(
              "GET",
              "/search?q=shoes%20" + i + (fails ? "&fail=1" : "") + "&page=2",
              "/search",
              status,
              Body.NONE,
              "");
      case 3 ->
          new Request(
              "POST",
              "/api/payments" + fail,
              "/api/payments",
              fails ? 503 : 201,
              variant == 0 ? Body.WITH_HEAD : variant == 1 ? Body.SOON_AFTER : Body.IN_TWO_PIECES,
              DISGUISED);
      case 4 ->
          new Request(
              "PUT",
              "/api/items/6f1c2b9e-0d1e-4a55-9c3f-%012x".formatted(i) + fail,
              "/api/items/:id",
              fails ? 503 : 204,
              Body.IN_TWO_PIECES,
              "a body that comes in two pieces");
      case 5 -> new Request("HEAD", "/status" + fail, "/status", status, Body.NONE, "");
      default ->
          new Request(
              "POST",
              "/early/" + i + fail,
              "/early/:id",
              status,
              Body.AFTER_THE_ANSWER,
              variant == 0 ? DISGUISED : "a body that nobody waited for");
    };
  }

  private static void exchange(RawClient connection, Request request)
      throws IOException, InterruptedException {
    String head =
        request.method
            + " "
            + request.target
            + " HTTP/1.1\r\nHost: shop.example\r\n"
            + (request.when == Body.NONE ? "" : "Content-Length: " + request.body.length() + "\r\n")
            + "\r\n";
    int half = request.body.length() / 2;
    switch (request.when) {
      case NONE, WITH_HEAD -> connection.send(head + request.body);
      case SOON_AFTER -> {
        connection.send(head);
        pause();
        connection.send(request.body);
      }
      case IN_TWO_PIECES -> {
        connection.send(head);
        pause();
        connection.send(request.body.substring(0, half));
        pause();
        connection.send(request.body.substring(half));
      }
      case AFTER_THE_ANSWER -> connection.send(head);
    }
    RawClient.Answer answer = connection.receive(request.method);
    if (answer.status() != request.status) {
      throw new IOException(request.key() + " was answered with " + answer.status());
    }
    if (request.when == Body.AFTER_THE_ANSWER) {
      connection.send(request.body);
    }
  }

  /// Lets the server read what came so far, so that its reads are as many as the writes.
  private static void pause() throws InterruptedException {
    Thread.sleep(PAUSE_MILLIS);
  }
}
