package io.coral.model;

import java.util.ArrayList;
import java.util.List;

/// TCP ports from `first` to `last`, both among them.
public record PortRange(int first, int last) {
  public static final PortRange ALL = new PortRange(1, 0xffff);

  public PortRange {
    if (first < 1 || last > 0xffff || first > last) {
      throw new IllegalArgumentException(
          "ports: " + first + "-" + last + " (expected: 1..65535, the lower first)");
    }
  }

  public static PortRange of(int port) {
    return new PortRange(port, port);
  }

  /// Reads ports and ranges separated by commas: `80,443,8080-8089`.
  ///
  /// @throws IllegalArgumentException with a message for the user
  public static List<PortRange> parse(String text) {
    List<PortRange> ranges = new ArrayList<>();
    for (String each : text.split(",", -1)) {
      String part = each.strip();
      int dash = part.indexOf('-');
      try {
        ranges.add(
            dash < 0
                ? of(Integer.parseInt(part))
                : new PortRange(
                    Integer.parseInt(part.substring(0, dash).strip()),
                    Integer.parseInt(part.substring(dash + 1).strip())));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "ports: \"" + text + "\" (expected: ports and ranges such as 80,443,8080-8089)", e);
      }
    }
    return List.copyOf(ranges);
  }

  /// Ports and ranges in the form of [#parse].
  public static String text(List<PortRange> ranges) {
    return String.join(",", ranges.stream().map(PortRange::toString).toList());
  }

  public boolean contains(int port) {
    return first <= port && port <= last;
  }

  @Override
  public String toString() {
    return first == last ? Integer.toString(first) : first + "-" + last;
  }
}
