package io.coral.agent.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The offsets in Java are those of the built object.
final class EventLayoutTest {
  private static final Path NATIVE =
      Path.of(System.getProperty("coral.native.dir", "target/native"));
  private static final Map<Class<?>, String> STRUCTURES =
      Map.of(
          EventLayout.Header.class, "coral_header",
          EventLayout.Exchange.class, "coral_exchange",
          EventLayout.Message.class, "coral_message",
          EventLayout.Closed.class, "coral_closed",
          EventLayout.ProcessEvent.class, "coral_process");

  @BeforeAll
  static void load() throws KernelException {
    System.setProperty("jna.boot.library.path", NATIVE.toString());
    CoralLibrary.load(NATIVE);
  }

  @Test
  void offsets_comparedWithTheBtfOfTheObject_areEqual() throws Exception {
    String object = NATIVE.resolve(KernelTier.T1.objectFile()).toString();
    int compared = 0;
    for (Map.Entry<Class<?>, String> structure : STRUCTURES.entrySet()) {
      for (Field field : structure.getKey().getDeclaredFields()) {
        boolean size = field.getName().equals("SIZE_OF");
        String member = size ? null : field.getName().toLowerCase(Locale.ROOT);
        assertThat(CoralLibrary.coral_btf_offset(object, structure.getValue(), member))
            .as("%s.%s", structure.getValue(), member)
            .isEqualTo(field.getInt(null));
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(45);
  }

  @Test
  void counters_comparedWithTheHeader_standInItsOrder() throws Exception {
    Matcher names =
        Pattern.compile("(?m)^\\tCORAL_(\\w+),")
            .matcher(Files.readString(Path.of("src/main/c/counters.h")));
    for (KernelCounter counter : KernelCounter.values()) {
      assertThat(names.find()).isTrue();
      assertThat(names.group(1)).isEqualTo(counter.name());
    }
    assertThat(names.find()).isTrue();
    assertThat(names.group(1)).isEqualTo("COUNTERS");
  }

  @Test
  void version_comparedWithTheHeader_isEqual() throws Exception {
    assertThat(Files.readString(Path.of("src/main/c/event.h")))
        .contains("#define CORAL_EVENT_VERSION " + EventLayout.VERSION);
  }
}
