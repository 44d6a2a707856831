package io.coral.cli;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Answers Connect JSON by path and remembers what was asked.
final class FakeServer implements AutoCloseable {
  private final HttpServer server;
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final Map<String, Answer> firstAnswers = new ConcurrentHashMap<>();
  private final List<String> asked = Collections.synchronizedList(new ArrayList<>());

  private record Answer(int status, String body) {}

  FakeServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            String body =
                new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            asked.add(exchange.getRequestURI().getPath() + " " + body);
            boolean connect =
                "1".equals(exchange.getRequestHeaders().getFirst("Connect-Protocol-Version"));
            Answer first = firstAnswers.remove(exchange.getRequestURI().getPath());
            Answer answer =
                first != null
                    ? first
                    : answers.getOrDefault(
                        exchange.getRequestURI().getPath(),
                        new Answer(501, "{\"code\":\"unimplemented\",\"message\":\"not here\"}"));
            byte[] text = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(connect ? answer.status() : 415, text.length);
            exchange.getResponseBody().write(text);
          }
        });
    server.start();
  }

  FakeServer colony(String method, String body) {
    answers.put("/coral.colony.v1.ColonyService/" + method, new Answer(200, body));
    return this;
  }

  FakeServer agent(String method, String body) {
    answers.put("/coral.agent.v1.AgentService/" + method, new Answer(200, body));
    return this;
  }

  /// The first answer once, the second from then on.
  FakeServer sequence(String path, String first, String then) {
    answers.put(path, new Answer(200, then));
    firstAnswers.put(path, new Answer(200, first));
    return this;
  }

  FakeServer refuse(String path, int status, String code, String message) {
    String body = "{\"code\":\"%s\",\"message\":\"%s\"}".formatted(code, message);
    answers.put(path, new Answer(status, body));
    return this;
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  List<String> asked() {
    return asked;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
