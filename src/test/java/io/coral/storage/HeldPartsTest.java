package io.coral.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class HeldPartsTest {
  private final TreeMap<Integer, String> stored = new TreeMap<>();
  private final List<String> asked = new ArrayList<>();

  /// As the tables answer: a range of numbers, or single ones.
  private void read(String condition, BiConsumer<Integer, String> into) {
    asked.add(condition);
    List<Integer> numbers =
        Pattern.compile("\\d+")
            .matcher(condition)
            .results()
            .map(number -> Integer.parseInt(number.group()))
            .toList();
    stored.forEach(
        (number, part) -> {
          boolean isAsked =
              condition.startsWith("id IN (")
                  ? numbers.contains(number)
                  : number >= numbers.get(0) && number < numbers.get(1);
          if (isAsked) {
            into.accept(number, part);
          }
        });
  }

  private Map<Integer, String> find(HeldParts<String> parts, Integer... numbers) throws Exception {
    Map<Integer, String> found = new HashMap<>();
    parts.find(Set.of(numbers), this::read, found);
    return found;
  }

  @Test
  void partsAreReadOnce_newOnesWhenTheyAreAskedFor() throws Exception {
    HeldParts<String> parts = new HeldParts<>(100, 1000, String::length);
    stored.putAll(Map.of(0, "a", 1, "b", 2, "c"));
    assertThat(find(parts, 1, 2)).isEqualTo(Map.of(1, "b", 2, "c"));
    assertThat(find(parts, 0)).isEqualTo(Map.of(0, "a"));
    assertThat(asked).hasSize(1);
    stored.put(3, "d");
    assertThat(find(parts, 3, 0)).isEqualTo(Map.of(3, "d", 0, "a"));
    assertThat(asked).hasSize(2);
  }

  @Test
  void whatIsTooMuch_isReadEachTime() throws Exception {
    HeldParts<String> parts = new HeldParts<>(2, 3, String::length);
    stored.putAll(Map.of(0, "a", 1, "long", 2, "c"));
    for (int i = 0; i < 2; i++) {
      assertThat(find(parts, 0, 1, 2)).isEqualTo(stored);
    }
    assertThat(asked).hasSize(3);
  }

  @Test
  void whatIsNotThere_isLeftOut() throws Exception {
    HeldParts<String> parts = new HeldParts<>(100, 1000, String::length);
    stored.putAll(Map.of(0, "a", 2, "c"));
    assertThat(find(parts, 0, 1, 2, 7, 200)).isEqualTo(stored);
  }
}
