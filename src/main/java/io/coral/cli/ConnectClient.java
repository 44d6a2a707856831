package io.coral.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Unary calls of the Connect protocol in JSON. `HttpURLConnection` and not `java.net.http`,
/// because it starts three times faster.
final class ConnectClient {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(30);

  private final ServerAddress address;

  ConnectClient(ServerAddress address) {
    this.address = address;
  }

  ServerAddress address() {
    return address;
  }

  /// As [#call], with a failure that ends the command.
  ProtoMessage ask(String method, JsonObject request) {
    try {
      return call(method, request);
    } catch (ConnectFailure failure) {
      throw failure(failure);
    }
  }

  /// What a user reads when a call gave no answer.
  CommandFailure failure(ConnectFailure failure) {
    ServerAddress.Role role = address.role();
    String server = "the " + role.label() + " at " + address.url();
    return switch (failure.code()) {
      case ConnectFailure.UNREACHABLE, "unavailable", "deadline_exceeded" ->
          new CommandFailure(
              ExitCode.UNREACHABLE,
              "cannot reach " + server,
              failure.reason(),
              "start one with 'coral up' or '"
                  + role.startCommand()
                  + "', or name another with "
                  + role.option()
                  + " HOST:PORT");
      case "permission_denied", "unauthenticated" ->
          new CommandFailure(
              ExitCode.PERMISSION,
              server + " refused the question",
              failure.reason(),
              "run 'coral doctor' on that host");
      case "not_found" ->
          new CommandFailure(
              ExitCode.NO_DATA,
              server + " has nothing to show",
              failure.reason(),
              "coral service list");
      case "invalid_argument", "out_of_range" ->
          new CommandFailure(
              ExitCode.USAGE,
              server + " does not accept the question",
              failure.reason(),
              "coral --help");
      default ->
          new CommandFailure(
              ExitCode.FAILURE,
              server + " gave no answer",
              failure.reason() + " (" + failure.code() + ")",
              "coral " + role.label() + " status");
    };
  }

  /// Asks and waits for the answer.
  ///
  /// @throws ConnectFailure when there is none, with the server's reason or the socket's
  ProtoMessage call(String method, JsonObject request) throws ConnectFailure {
    URI uri = URI.create(address.url() + "/" + address.role().service() + "/" + method);
    try {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
      connection.setReadTimeout((int) READ_TIMEOUT.toMillis());
      connection.setInstanceFollowRedirects(false);
      connection.setRequestMethod("POST");
      connection.setRequestProperty("Content-Type", "application/json");
      connection.setRequestProperty("Connect-Protocol-Version", "1");
      connection.setDoOutput(true);
      byte[] body = request.toString().getBytes(StandardCharsets.UTF_8);
      connection.setFixedLengthStreamingMode(body.length);
      try (var out = connection.getOutputStream()) {
        out.write(body);
      }
      int status = connection.getResponseCode();
      String answer =
          read(status < 400 ? connection.getInputStream() : connection.getErrorStream());
      if (status != HttpURLConnection.HTTP_OK) {
        throw refused(method, status, answer);
      }
      return new ProtoMessage(JsonParser.parseString(answer).getAsJsonObject());
    } catch (ConnectException e) {
      throw new ConnectFailure(ConnectFailure.UNREACHABLE, "connection refused");
    } catch (UnknownHostException e) {
      throw new ConnectFailure(ConnectFailure.UNREACHABLE, "unknown host " + uri.getHost());
    } catch (SocketTimeoutException e) {
      throw new ConnectFailure(ConnectFailure.UNREACHABLE, "no answer in time");
    } catch (IOException e) {
      throw new ConnectFailure(ConnectFailure.UNREACHABLE, String.valueOf(e.getMessage()));
    } catch (JsonParseException | IllegalStateException e) {
      throw new ConnectFailure("internal", "the answer to " + method + " is no JSON object");
    }
  }

  /// Saves what is at a path, wholly or not at all.
  ///
  /// @param file is replaced
  /// @return its bytes
  long download(String path, Path file) {
    URI uri = URI.create(address.url() + path);
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout((int) CONNECT_TIMEOUT.toMillis());
      connection.setInstanceFollowRedirects(false);
      int status = connection.getResponseCode();
      if (status != HttpURLConnection.HTTP_OK) {
        throw failure(
            new ConnectFailure(
                "unknown", "HTTP status " + status + " at " + path + "; is this the right port?"));
      }
      long announced = connection.getContentLengthLong();
      long bytes;
      try (InputStream in = connection.getInputStream()) {
        bytes = Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      }
      if (announced >= 0 && bytes != announced) {
        throw new IOException("it broke off after " + bytes + " of " + announced + " bytes");
      }
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
      return bytes;
    } catch (ConnectException e) {
      throw failure(new ConnectFailure(ConnectFailure.UNREACHABLE, "connection refused"));
    } catch (IOException e) {
      throw new CommandFailure(
          ExitCode.FAILURE, file + " is not written", String.valueOf(e.getMessage()), "try again");
    }
  }

  private static ConnectFailure refused(String method, int status, String answer) {
    try {
      JsonElement parsed = JsonParser.parseString(answer);
      if (parsed instanceof JsonObject object && object.has("code")) {
        ProtoMessage error = new ProtoMessage(object);
        return new ConnectFailure(error.text("code"), error.text("message"));
      }
    } catch (JsonParseException e) {
      // Not a Connect server: the status says all there is.
    }
    return new ConnectFailure(
        "unknown", "HTTP status " + status + " to " + method + "; is this the right port?");
  }

  private static String read(@Nullable InputStream in) throws IOException {
    if (in == null) {
      return "";
    }
    try (in) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
