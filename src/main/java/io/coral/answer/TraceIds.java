package io.coral.answer;

import io.coral.rpc.RpcCode;
import io.coral.rpc.RpcException;
import io.coral.storage.TraceQueries;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Trace ids as people write them.
final class TraceIds {
  private static final int CANDIDATES_SHOWN = 5;
  private static final Pattern TRACEPARENT =
      Pattern.compile("[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");
  private static final Pattern PREFIX =
      Pattern.compile("[0-9a-f]{" + TraceQueries.MIN_PREFIX + ",32}");

  private TraceIds() {}

  /// The digits of an id or of its beginning: 32 hexadecimal digits in either case, with dashes or
  /// not, the first 6 or more of them, or a whole `traceparent`.
  static String digits(String text) {
    String lower = text.strip().toLowerCase(Locale.ROOT);
    Matcher traceparent = TRACEPARENT.matcher(lower);
    String digits = traceparent.matches() ? traceparent.group(1) : lower.replace("-", "");
    if (!PREFIX.matcher(digits).matches()) {
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT,
          "trace_id: \"" + text + "\" (expected: 6 to 32 hexadecimal digits, or a traceparent)");
    }
    return digits;
  }

  /// Refuses a beginning that several traces have.
  ///
  /// @param found whole ids
  static void checkOne(String text, List<String> found) {
    if (found.size() > 1) {
      String shown = String.join(", ", found.subList(0, Math.min(found.size(), CANDIDATES_SHOWN)));
      int more = found.size() - CANDIDATES_SHOWN;
      throw new RpcException(
          RpcCode.INVALID_ARGUMENT,
          "trace_id: \""
              + text
              + "\" begins several traces: "
              + shown
              + (more > 0 ? " and " + more + " more" : ""));
    }
  }
}
