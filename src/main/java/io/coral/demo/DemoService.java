package io.coral.demo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;

/// One service of the demo, a process: `DemoService NAME [PEER=PORT]…`.
///
/// It prints `port=NNNN` when it serves. The line `counts` on its standard input is answered
/// with one line `STATUS METHOD ROUTE N` for each of its own counts and the line `end`; the end
/// of the input ends the process. What it counted is not asked over HTTP, where the question
/// would be counted too.
public final class DemoService {
  private final String name;
  private final Map<String, Integer> peerPorts;
  private final Map<CountKey, Long> counts = new TreeMap<>();

  private DemoService(String name, Map<String, Integer> peerPorts) {
    this.name = name;
    this.peerPorts = Map.copyOf(peerPorts);
  }

  public static void main(String[] args) throws IOException {
    // Both are read when the classes load: small answers leave at once, idle connections stay.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.idleInterval", "300");
    Map<String, Integer> peerPorts = new HashMap<>();
    for (int i = 1; i < args.length; i++) {
      int equals = args[i].indexOf('=');
      peerPorts.put(args[i].substring(0, equals), Integer.parseInt(args[i].substring(equals + 1)));
    }
    new DemoService(args[0], peerPorts).serve(System.out);
    System.exit(0);
  }

  private void serve(PrintStream out) throws IOException {
    InetSocketAddress loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpServer server = HttpServer.create(loopback, 64);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", this::answer);
    server.start();
    out.println("port=" + server.getAddress().getPort());
    out.flush();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.equals("counts")) {
        printCounts(out);
      }
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      PlannedCall call =
          DemoPlan.received(
              name, exchange.getRequestMethod(), exchange.getRequestURI().toString(), body);
      int status = act(call);
      synchronized (counts) {
        counts.merge(new CountKey(name, call.method(), call.route(), status), 1L, Long::sum);
      }
      byte[] text = (name + ' ' + status + '\n').getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, text.length);
      exchange.getResponseBody().write(text);
    }
  }

  /// Waits, calls the others, and says what to answer.
  private int act(PlannedCall call) throws IOException {
    try {
      Thread.sleep(call.thinkMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (PlannedCall inner : call.calls()) {
      if (send(inner) != inner.status()) {
        return 500;
      }
    }
    return call.status();
  }

  private int send(PlannedCall call) throws IOException {
    Integer port = peerPorts.get(call.service());
    if (port == null) {
      throw new IOException("the port of " + call.service() + " was not given");
    }
    URI uri = URI.create("http://127.0.0.1:" + port + call.target());
    HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
    connection.setRequestMethod(call.method());
    if (!call.body().isEmpty()) {
      byte[] body = call.body().getBytes(StandardCharsets.UTF_8);
      connection.setDoOutput(true);
      // A body of known length is never sent a second time behind our back.
      connection.setFixedLengthStreamingMode(body.length);
      try (var out = connection.getOutputStream()) {
        out.write(body);
      }
    }
    int status = connection.getResponseCode();
    // The connection is kept alive only when its answer was read to the end.
    try (var in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      if (in != null) {
        in.readAllBytes();
      }
    }
    return status;
  }

  private void printCounts(PrintStream out) {
    synchronized (counts) {
      counts.forEach(
          (key, count) ->
              out.println(key.status() + " " + key.method() + " " + key.route() + " " + count));
    }
    out.println("end");
    out.flush();
  }
}
