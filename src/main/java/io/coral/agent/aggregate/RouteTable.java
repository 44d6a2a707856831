package io.coral.agent.aggregate;

import io.coral.model.LeastRecentMap;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Turns the paths of one service into routes of bounded number. One thread; about 0.1 µs for a
/// path that was seen lately, 1 µs for a new one.
///
/// A configured pattern wins. Else segments that look like ids become `:id`. Else a position in
/// which one prefix has shown more than [#MAX_SIBLINGS] different segments becomes `:param`. Above
/// the cap, further routes are counted as `(other)`.
final class RouteTable {
  /// The route of what does not fit any more.
  static final String OTHER = "(other)";

  private static final int MAX_SIBLINGS = 40;
  private static final int MAX_SEGMENTS = 12;
  private static final int CACHE_SIZE = 2048;

  private final List<String[]> patterns;
  private final int maxRoutes;
  private final Map<String, Integer> routes = new HashMap<>();
  private final Map<String, Map<String, Boolean>> siblings = new HashMap<>();
  private final Map<String, String> cache = new LeastRecentMap<>(CACHE_SIZE);
  private long other;

  /// @param patterns `/users/:id` or `/users/{id}`
  /// @param maxRoutes cap, ≥ 1
  RouteTable(List<String> patterns, int maxRoutes) {
    this.patterns = patterns.stream().map(pattern -> normalised(pattern).split("/", -1)).toList();
    this.maxRoutes = maxRoutes;
  }

  private static String normalised(String pattern) {
    return pattern.replaceAll("\\{([^/}]+)}", ":$1");
  }

  /// The route of a path.
  ///
  /// @param unmatched whether the answer was 404, so that the path may be anybody's invention
  String routeOf(String path, boolean unmatched) {
    String key = unmatched ? "404 " + path : path;
    String known = cache.get(key);
    if (known == null) {
      known = admitted(find(path, unmatched));
      if (!known.equals(OTHER)) {
        cache.put(key, known);
      }
    }
    if (known.equals(OTHER)) {
      other++;
    }
    return known;
  }

  /// How many requests were counted as [#OTHER].
  long other() {
    return other;
  }

  private String admitted(String route) {
    if (routes.containsKey(route)) {
      return route;
    }
    if (routes.size() >= maxRoutes) {
      return OTHER;
    }
    routes.put(route, routes.size());
    return route;
  }

  private String find(String path, boolean unmatched) {
    String[] segments = path.split("/", -1);
    for (String[] pattern : patterns) {
      if (matches(pattern, segments)) {
        return String.join("/", pattern);
      }
    }
    List<String> route = new ArrayList<>();
    StringBuilder prefix = new StringBuilder();
    for (int i = 0; i < segments.length; i++) {
      if (i == MAX_SEGMENTS) {
        route.add("*");
        break;
      }
      String segment = looksLikeId(segments[i]) ? ":id" : segments[i];
      if (!segment.isEmpty() && !segment.equals(":id")) {
        segment = learned(prefix.toString(), segment, unmatched);
      }
      route.add(segment);
      prefix.append('/').append(segment);
    }
    return String.join("/", route);
  }

  private static boolean matches(String[] pattern, String[] segments) {
    if (pattern.length != segments.length) {
      return false;
    }
    for (int i = 0; i < pattern.length; i++) {
      if (!pattern[i].startsWith(":")
          && !pattern[i].equals("*")
          && !pattern[i].equals(segments[i])) {
        return false;
      }
    }
    return true;
  }

  private String learned(String prefix, String segment, boolean unmatched) {
    Map<String, Boolean> seen = siblings.computeIfAbsent(prefix, _ -> new HashMap<>());
    if (seen.containsKey(segment)) {
      return segment;
    }
    // Paths that nobody serves teach nothing: a scanner must not turn real routes into parameters.
    if (seen.size() >= MAX_SIBLINGS) {
      return ":param";
    }
    if (!unmatched && siblings.size() < 4 * maxRoutes) {
      seen.put(segment, true);
    }
    return segment;
  }

  /// Numbers, UUIDs, hashes, dates and long tokens with digits in them.
  static boolean looksLikeId(String segment) {
    int length = segment.length();
    if (length == 0) {
      return false;
    }
    int digits = 0;
    int hex = 0;
    int letters = 0;
    int others = 0;
    for (int i = 0; i < length; i++) {
      char c = segment.charAt(i);
      if (c >= '0' && c <= '9') {
        digits++;
      } else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) {
        hex++;
      } else if (Character.isLetter(c)) {
        letters++;
      } else if (c != '-' && c != '_' && c != ':' && c != '.') {
        others++;
      }
    }
    if (digits == 0 || others > 0) {
      return false;
    }
    if (hex == 0 && letters == 0) {
      return true;
    }
    if (letters == 0 && length >= 8) {
      return true;
    }
    return length >= 16 && digits >= 4;
  }
}
