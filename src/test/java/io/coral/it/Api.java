package io.coral.it;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Questions to an agent or a colony, as Connect JSON or plain GET.
///
/// @param host of the API
/// @param port of the API
record Api(String host, int port) {
  /// On loopback.
  Api(int port) {
    this("127.0.0.1", port);
  }

  /// A method of `coral.agent.v1.AgentService`.
  JsonObject agent(String method, JsonObject request) throws IOException {
    return call("coral.agent.v1.AgentService/" + method, request);
  }

  /// A method of `coral.colony.v1.ColonyService`.
  JsonObject colony(String method, JsonObject request) throws IOException {
    return call("coral.colony.v1.ColonyService/" + method, request);
  }

  private JsonObject call(String method, JsonObject request) throws IOException {
    HttpURLConnection connection = open("/" + method);
    connection.setRequestMethod("POST");
    connection.setRequestProperty("Content-Type", "application/json");
    connection.setDoOutput(true);
    try (var out = connection.getOutputStream()) {
      out.write(request.toString().getBytes(StandardCharsets.UTF_8));
    }
    String text = text(connection);
    if (connection.getResponseCode() != 200) {
      throw new IOException(method + ": " + connection.getResponseCode() + " " + text);
    }
    return JsonParser.parseString(text).getAsJsonObject();
  }

  /// Whether `/healthz` is 200.
  boolean isHealthy() {
    try {
      HttpURLConnection connection = open("/healthz");
      int status = connection.getResponseCode();
      text(connection);
      return status == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /// Fetches `/duckdb/metrics.duckdb`.
  void snapshot(Path file) throws IOException {
    HttpURLConnection connection = open("/duckdb/metrics.duckdb");
    if (connection.getResponseCode() != 200) {
      throw new IOException("no snapshot: " + text(connection));
    }
    try (InputStream in = connection.getInputStream()) {
      Files.copy(in, file);
    }
  }

  /// What GET gives; fails when the answer is an error.
  String get(String path, String accept) throws IOException {
    HttpURLConnection connection = open(path);
    connection.setRequestProperty("Accept", accept);
    try (var in = connection.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /// `/metrics` in OpenMetrics.
  String metrics() throws IOException {
    return get("/metrics", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
  }

  /// Requests served by a service, by `METHOD route status`.
  ///
  /// @param role `agent` or `colony`
  Map<String, Long> served(String role, String service) throws IOException {
    JsonObject request = new JsonObject();
    JsonArray names = new JsonArray();
    names.add(service);
    request.add("serviceNames", names);
    JsonObject answer =
        role.equals("agent")
            ? agent("QueryBeylaMetrics", request)
            : colony("QueryBeylaMetrics", request);
    Map<String, Long> counts = new TreeMap<>();
    for (JsonObject metric : objects(answer, "httpMetrics")) {
      String key =
          text(metric, "httpMethod")
              + " "
              + text(metric, "httpRoute")
              + " "
              + text(metric, "httpStatusCode");
      counts.merge(key, number(metric, "requestCount"), Long::sum);
    }
    return counts;
  }

  /// The members of a list; proto JSON leaves empty ones out.
  static List<JsonObject> objects(JsonObject object, String name) {
    List<JsonObject> objects = new ArrayList<>();
    if (object.get(name) instanceof JsonArray array) {
      array.forEach(each -> objects.add(each.getAsJsonObject()));
    }
    return objects;
  }

  /// The strings of a list.
  static List<String> texts(JsonObject object, String name) {
    List<String> texts = new ArrayList<>();
    if (object.get(name) instanceof JsonArray array) {
      array.forEach(each -> texts.add(each.getAsString()));
    }
    return texts;
  }

  static String text(JsonObject object, String name) {
    JsonElement value = object.get(name);
    return value == null ? "" : value.getAsString();
  }

  static long number(JsonObject object, String name) {
    JsonElement value = object.get(name);
    return value == null ? 0 : Long.parseUnsignedLong(value.getAsString());
  }

  private HttpURLConnection open(String path) throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection)
            URI.create("http://" + host + ":" + port + path).toURL().openConnection(Proxy.NO_PROXY);
    connection.setConnectTimeout(2_000);
    connection.setReadTimeout(30_000);
    return connection;
  }

  private static String text(HttpURLConnection connection) throws IOException {
    try (@Nullable InputStream in =
        connection.getResponseCode() < 400
            ? connection.getInputStream()
            : connection.getErrorStream()) {
      return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
