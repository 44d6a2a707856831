package io.coral.protocol;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/// The bytes of `vectors.txt`, by their names.
public final class Vectors {
  /// A record.
  public record Vector(Direction direction, byte[] bytes) {}

  private static final Map<String, Vector> ALL = read();

  private Vectors() {}

  private static Map<String, Vector> read() {
    try (InputStream in = Vectors.class.getResourceAsStream("/protocol/vectors.txt")) {
      Map<String, Vector> vectors = new LinkedHashMap<>();
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.split(" "))
          .forEach(
              parts ->
                  vectors.put(
                      parts[0],
                      new Vector(
                          parts[1].equals("c2s") ? Direction.REQUEST : Direction.RESPONSE,
                          HexFormat.of().parseHex(parts[2]))));
      return vectors;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static Map<String, Vector> all() {
    return ALL;
  }

  public static Vector of(String name) {
    Vector vector = ALL.get(name);
    if (vector == null) {
      throw new AssertionError("no vector " + name);
    }
    return vector;
  }

  /// A connection on which these records were seen, which began before.
  public static Conversation conversation(Protocol protocol, String... names) {
    Conversation conversation = new Conversation(protocol, 1_000);
    for (String name : names) {
      Vector vector = of(name);
      conversation.offer(vector.direction(), vector.bytes(), vector.bytes().length);
    }
    return conversation;
  }
}
