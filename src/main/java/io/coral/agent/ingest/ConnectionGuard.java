package io.coral.agent.ingest;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.HashMap;
import java.util.Map;

/// Stops what connections of HTTP/2 do to excess: PING and SETTINGS frames, streams at once and
/// streams that are refused for that. Floods of resets, empty DATA frames and headers are stopped
/// below, by the codec. For the event loop.
final class ConnectionGuard {
  private static final long HTTP2_REFUSED_STREAM = 7;
  private static final long HTTP2_ENHANCE_YOUR_CALM = 11;
  private static final long WINDOW_NANOS = 30_000_000_000L;

  /// Clients that measure their bandwidth ping with each burst of answers; ours are tiny.
  private static final int MAX_FRAMES_PER_WINDOW = 1_000;

  /// While the refusals of a connection cannot be written, each costs a look at all of its streams.
  private static final int MAX_REFUSED_PER_WINDOW = 256;

  private final int maxStreams;
  private final IngestFigures figures;
  private final Map<HttpConnection, Usage> usages = new HashMap<>();

  /// @param maxStreams at once per connection. The codec enforces what the settings say only
  ///     once the client has acknowledged them; one that never does would have no limit
  ConnectionGuard(int maxStreams, IngestFigures figures) {
    this.maxStreams = maxStreams;
    this.figures = figures;
  }

  void opened(HttpConnection connection) {
    Usage usage = new Usage();
    try {
      connection.pingHandler(_ -> usage.frames.count(connection));
      connection.remoteSettingsHandler(_ -> usage.frames.count(connection));
    } catch (UnsupportedOperationException e) {
      // HTTP/1 has neither; nothing else tells the two apart before the first request.
      return;
    }
    usages.put(connection, usage);
    connection.closeHandler(_ -> usages.remove(connection));
  }

  /// True if the request may be served; else it has been reset, or its connection is closed.
  boolean admits(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_2) {
      return true;
    }
    Usage usage = usages.get(request.connection());
    if (usage == null) {
      return false;
    }
    if (usage.streams == maxStreams) {
      request.response().reset(HTTP2_REFUSED_STREAM);
      usage.refused.count(request.connection());
      return false;
    }
    usage.streams++;
    request.response().closeHandler(_ -> usage.streams--);
    return true;
  }

  /// What one connection uses.
  private final class Usage {
    private int streams;
    private final Window frames = new Window(MAX_FRAMES_PER_WINDOW);
    private final Window refused = new Window(MAX_REFUSED_PER_WINDOW);
  }

  /// Counts in windows of time, and closes the connection at a number.
  private final class Window {
    private final int max;
    private long startNanos = System.nanoTime();
    private int count;

    Window(int max) {
      this.max = max;
    }

    void count(HttpConnection connection) {
      long nowNanos = System.nanoTime();
      if (nowNanos - startNanos > WINDOW_NANOS) {
        startNanos = nowNanos;
        count = 0;
      }
      if (++count == max) {
        figures.countClosed("flood");
        usages.remove(connection);
        connection.goAway(HTTP2_ENHANCE_YOUR_CALM);
        connection.close();
      }
    }
  }
}
