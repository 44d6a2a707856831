package io.coral.telemetry;

import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Events in the life of what runs and observes, for those who ask later: the logger `audit`, one
/// line an event, `event=NAME key=value …`. Any thread.
public final class Audit {
  private static final Logger LOG = LoggerFactory.getLogger("audit");
  private static final Pattern PLAIN = Pattern.compile("[^\\s\"=\\p{Cntrl}]+");

  private Audit() {}

  /// Writes a line.
  ///
  /// @param event in the past tense, words joined by `_`
  /// @param keysAndValues in turn; a value with spaces or the like is put in quotes
  public static void log(String event, Object... keysAndValues) {
    LOG.info("{}", line(event, keysAndValues));
  }

  static String line(String event, Object... keysAndValues) {
    StringBuilder line = new StringBuilder("event=").append(event);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      line.append(' ').append(keysAndValues[i]).append('=').append(text(keysAndValues[i + 1]));
    }
    return line.toString();
  }

  /// Names of processes and the like are not ours: they must not make lines or fields.
  private static String text(Object value) {
    String text = value.toString();
    return PLAIN.matcher(text).matches()
        ? text
        : '"' + text.replaceAll("\\p{Cntrl}", " ").replace('"', '\'') + '"';
  }
}
