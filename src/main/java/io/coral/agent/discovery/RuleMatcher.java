package io.coral.agent.discovery;

import io.coral.model.Glob;
import io.coral.model.KubernetesPod;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A rule, ready to be tried on many processes. Any thread.
final class RuleMatcher {
  private static final Logger LOG = LoggerFactory.getLogger(RuleMatcher.class);
  private static final int MAX_COMMAND_CHARS = 4096;

  /// An expression that backtracks without end is given up after this many looks at a character:
  /// 20 ms at most.
  private static final int MAX_LOOKS = 1_000_000;

  private final ObserveRule rule;
  private final Glob exePath;
  private final Pattern cmdline;
  private final Glob podName;
  private final Glob podNamespace;
  private final Map<String, Glob> podLabels = new LinkedHashMap<>();

  RuleMatcher(ObserveRule rule) {
    this.rule = rule;
    this.exePath = Glob.of(rule.exePath());
    this.cmdline = Pattern.compile(rule.cmdline());
    this.podName = Glob.of(rule.podName());
    this.podNamespace = Glob.of(rule.podNamespace());
    rule.podLabels().forEach((label, value) -> podLabels.put(label, Glob.of(value)));
  }

  ObserveRule rule() {
    return rule;
  }

  /// @param pod asked for only if the rule has a condition on it
  boolean selects(ObservedProcess process, Supplier<KubernetesPod> pod) {
    return (rule.processId() == 0 || rule.processId() == process.processId())
        && (rule.openPorts().isEmpty() || listens(process))
        && (rule.exe().isEmpty() || rule.exe().equals(process.exeName()))
        && (rule.exePath().isEmpty() || exePath.matches(process.exePath()))
        && (rule.cmdline().isEmpty() || commandMatches(process.command()))
        && (!rule.asksForPod() || podMatches(pod.get()));
  }

  private boolean listens(ObservedProcess process) {
    return process.ports().stream()
        .anyMatch(port -> rule.openPorts().stream().anyMatch(range -> range.contains(port)));
  }

  private boolean commandMatches(String command) {
    try {
      return cmdline.matcher(new CountedText(command)).find();
    } catch (TooManyLooks | StackOverflowError e) {
      // The matcher recurses for each turn of a group that is repeated.
      LOG.warn("cmdline: {} takes too long on a command line, which is not selected", cmdline);
      return false;
    }
  }

  private boolean podMatches(KubernetesPod pod) {
    return (rule.podName().isEmpty() || podName.matches(pod.name()))
        && (rule.podNamespace().isEmpty() || podNamespace.matches(pod.namespace()))
        && podLabels.entrySet().stream()
            .allMatch(
                label -> {
                  String value = pod.labels().get(label.getKey());
                  return value != null && label.getValue().matches(value);
                });
  }

  private static final class TooManyLooks extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooManyLooks() {
      super("too many looks", null, false, false);
    }
  }

  /// The beginning of a command line, which counts how often it is looked at.
  private static final class CountedText implements CharSequence {
    private final String text;
    private int looks;

    CountedText(String text) {
      this.text = text.substring(0, Math.min(text.length(), MAX_COMMAND_CHARS));
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++looks > MAX_LOOKS) {
        throw new TooManyLooks();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
