package io.coral.agent.ingest;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.util.HashMap;
import java.util.Map;

/// Stops what connections of HTTP/2 do to excess: PING and SETTINGS frames, and streams at
/// once. Floods of resets, empty DATA frames and headers are stopped below, by the codec. For
/// the event loop.
final class ConnectionGuard {
  private static final long HTTP2_REFUSED_STREAM = 7;
  private static final long HTTP2_ENHANCE_YOUR_CALM = 11;
  private static final long WINDOW_NANOS = 30_000_000_000L;

  /// Clients that measure their bandwidth ping with each burst of answers; ours are tiny.
  private static final int MAX_FRAMES_PER_WINDOW = 1_000;

  private final int maxStreams;
  private final IngestFigures figures;
  private final Map<HttpConnection, Usage> usages = new HashMap<>();

  /// @param maxStreams at once per connection. The codec enforces what the settings say only
  /// once     the client has acknowledged them; one that never does would have no limit
  ConnectionGuard(int maxStreams, IngestFigures figures) {
    this.maxStreams = maxStreams;
    this.figures = figures;
  }

  void opened(HttpConnection connection) {
    Usage usage = new Usage();
    try {
      connection.pingHandler(_ -> counted(connection, usage));
      connection.remoteSettingsHandler(_ -> counted(connection, usage));
    } catch (UnsupportedOperationException e) {
      // HTTP/1 has neither; nothing else tells the two apart before the first request.
      return;
    }
    usages.put(connection, usage);
    connection.closeHandler(_ -> usages.remove(connection));
  }

  /// True if the request may be served; else it has been reset.
  boolean admits(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_2) {
      return true;
    }
    Usage usage = usages.get(request.connection());
    if (usage == null || usage.streams == maxStreams) {
      request.response().reset(HTTP2_REFUSED_STREAM);
      return false;
    }
    usage.streams++;
    request.response().closeHandler(_ -> usage.streams--);
    return true;
  }

  private void counted(HttpConnection connection, Usage usage) {
    if (usage.addFrame(System.nanoTime()) == MAX_FRAMES_PER_WINDOW) {
      figures.countClosed("flood");
      connection.goAway(HTTP2_ENHANCE_YOUR_CALM);
      connection.close();
    }
  }

  /// What one connection uses: streams now, control frames in the current window.
  private static final class Usage {
    private int streams;
    private long windowStartNanos = System.nanoTime();
    private int frames;

    int addFrame(long nowNanos) {
      if (nowNanos - windowStartNanos > WINDOW_NANOS) {
        windowStartNanos = nowNanos;
        frames = 0;
      }
      return ++frames;
    }
  }
}
