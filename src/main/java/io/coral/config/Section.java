package io.coral.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// A mapping of a YAML file, read key by key. Every key that is asked for is known; [#done()]
/// refuses the others and names the nearest known one.
final class Section {
  private static final Pattern DURATION = Pattern.compile("(\\d+)(ms|s|m|h|d|w)");

  private final String file;
  private final String path;
  private final @Nullable MappingNode node;
  private final Map<String, NodeTuple> tuples = new LinkedHashMap<>();
  private final Set<String> known = new LinkedHashSet<>();

  private Section(String file, String path, @Nullable Node node) throws ConfigException {
    this.file = file;
    this.path = path;
    if (node == null || isNull(node)) {
      this.node = null;
      return;
    }
    if (!(node instanceof MappingNode mapping)) {
      throw wrong(node, path, "a mapping");
    }
    this.node = mapping;
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw wrong(tuple.getKeyNode(), path, "a plain key");
      }
      if (tuples.put(key.getValue(), tuple) != null) {
        throw at(key, join(key.getValue()) + " stands twice");
      }
    }
  }

  /// Reads a document; an empty one is an empty section.
  static Section parse(String file, String yaml) throws ConfigException {
    try {
      Node root =
          new Compose(LoadSettings.builder().setAllowDuplicateKeys(true).build())
              .composeString(yaml)
              .orElse(null);
      return new Section(file, "", root);
    } catch (MarkedYamlEngineException e) {
      Mark mark = e.getProblemMark().orElse(null);
      throw new ConfigException(
          file
              + (mark == null ? "" : ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1))
              + ": "
              + e.getProblem());
    }
  }

  boolean has(String key) {
    known.add(key);
    NodeTuple tuple = tuples.get(key);
    return tuple != null && !isNull(tuple.getValueNode());
  }

  Section section(String key) throws ConfigException {
    return new Section(file, join(key), value(key));
  }

  List<Section> sections(String key) throws ConfigException {
    List<Section> sections = new ArrayList<>();
    Node value = value(key);
    if (value != null) {
      int index = 0;
      for (Node item : items(key, value)) {
        sections.add(new Section(file, join(key) + "[" + index++ + "]", item));
      }
    }
    return sections;
  }

  String string(String key, String absent) throws ConfigException {
    Node value = value(key);
    return value == null ? absent : scalar(value, join(key), "a string");
  }

  List<String> strings(String key) throws ConfigException {
    List<String> strings = new ArrayList<>();
    Node value = value(key);
    if (value != null) {
      for (Node item : items(key, value)) {
        strings.add(scalar(item, join(key), "a list of strings"));
      }
    }
    return strings;
  }

  /// One value, or a list of them.
  List<String> scalars(String key) throws ConfigException {
    Node value = value(key);
    return value instanceof ScalarNode scalar ? List.of(scalar.getValue()) : strings(key);
  }

  /// One of a few words.
  String choice(String key, String absent, List<String> words) throws ConfigException {
    Node value = value(key);
    String word = string(key, absent);
    if (value != null && !words.contains(word)) {
      throw wrong(value, join(key), String.join(" or ", words));
    }
    return word;
  }

  Address address(String key, String absent) throws ConfigException {
    try {
      return Address.parse(string(key, absent));
    } catch (IllegalArgumentException e) {
      throw refuse(key, key + ": " + e.getMessage());
    }
  }

  Map<String, String> stringMap(String key) throws ConfigException {
    Section section = section(key);
    Map<String, String> map = new LinkedHashMap<>();
    for (String name : section.tuples.keySet()) {
      map.put(name, section.string(name, ""));
    }
    return map;
  }

  boolean flag(String key, boolean absent) throws ConfigException {
    Node value = value(key);
    if (value == null) {
      return absent;
    }
    return switch (scalar(value, join(key), "true or false")) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(value, join(key), "true or false");
    };
  }

  int integer(String key, int absent, int min, int max) throws ConfigException {
    Node value = value(key);
    if (value == null) {
      return absent;
    }
    String expected = "a whole number from " + min + " to " + max;
    try {
      int number = Integer.parseInt(scalar(value, join(key), expected));
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(value, join(key), expected);
    }
    throw wrong(value, join(key), expected);
  }

  double fraction(String key, double absent) throws ConfigException {
    return number(key, absent, 0, 1);
  }

  double number(String key, double absent, int min, int max) throws ConfigException {
    Node value = value(key);
    if (value == null) {
      return absent;
    }
    String expected = "a number from " + min + " to " + max;
    try {
      double number = Double.parseDouble(scalar(value, join(key), expected));
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(value, join(key), expected);
    }
    throw wrong(value, join(key), expected);
  }

  Duration duration(String key, Duration absent, Duration min) throws ConfigException {
    Node value = value(key);
    if (value == null) {
      return absent;
    }
    String expected = "a duration such as 30s, 10m, 1h or 30d, at least " + text(min);
    Matcher matcher = DURATION.matcher(scalar(value, join(key), expected));
    if (!matcher.matches() || matcher.group(1).length() > 9) {
      throw wrong(value, join(key), expected);
    }
    long number = Long.parseLong(matcher.group(1));
    Duration duration =
        switch (matcher.group(2)) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          case "h" -> Duration.ofHours(number);
          case "d" -> Duration.ofDays(number);
          default -> Duration.ofDays(7 * number);
        };
    if (duration.compareTo(min) < 0) {
      throw wrong(value, join(key), expected);
    }
    return duration;
  }

  private static String text(Duration duration) {
    return duration.toDays() > 0 && duration.equals(Duration.ofDays(duration.toDays()))
        ? duration.toDays() + "d"
        : duration.toSeconds() + "s";
  }

  /// A key that has a meaning but does not work yet: any value but `harmless` is refused.
  void notYet(String key, String harmless) throws ConfigException {
    Node value = value(key);
    if (value != null
        && !(value instanceof ScalarNode scalar && scalar.getValue().equals(harmless))) {
      throw at(
          value,
          join(key)
              + " is not supported yet"
              + (harmless.isEmpty() ? "" : " (supported: " + harmless + ")"));
    }
  }

  /// Where a key's value stands, for errors that only a later look at several keys shows.
  ConfigException refuse(String key, String reason) {
    NodeTuple tuple = tuples.get(key);
    Node where = tuple == null ? node : tuple.getValueNode();
    return where == null ? new ConfigException(file + ": " + reason) : at(where, reason);
  }

  /// @throws ConfigException when there is a key that nobody asked for
  void done() throws ConfigException {
    for (Map.Entry<String, NodeTuple> entry : tuples.entrySet()) {
      if (!known.contains(entry.getKey())) {
        String nearest = Nearest.of(entry.getKey(), known);
        throw at(
            entry.getValue().getKeyNode(),
            "unknown key "
                + join(entry.getKey())
                + (nearest.isEmpty()
                    ? " (known: " + String.join(", ", known) + ")"
                    : " (did you mean " + nearest + "?)"));
      }
    }
  }

  private @Nullable Node value(String key) {
    NodeTuple tuple = tuples.get(key);
    return has(key) && tuple != null ? tuple.getValueNode() : null;
  }

  private List<Node> items(String key, Node value) throws ConfigException {
    if (value instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    throw wrong(value, join(key), "a list");
  }

  private String scalar(Node value, String where, String expected) throws ConfigException {
    if (value instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw wrong(value, where, expected);
  }

  private static boolean isNull(Node node) {
    return node instanceof ScalarNode scalar
        && (scalar.getValue().isEmpty() || scalar.getValue().equals("null"))
        && scalar.getTag().getValue().endsWith(":null");
  }

  private String join(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private ConfigException wrong(Node value, String where, String expected) {
    String shown =
        value instanceof ScalarNode scalar
            ? "\"" + scalar.getValue() + "\""
            : value.getNodeType().toString().toLowerCase(java.util.Locale.ROOT);
    return at(value, where + ": " + shown + " (expected: " + expected + ")");
  }

  private ConfigException at(Node where, String message) {
    Mark mark = where.getStartMark().orElse(null);
    return new ConfigException(
        file
            + (mark == null ? "" : ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1))
            + ": "
            + message);
  }
}
