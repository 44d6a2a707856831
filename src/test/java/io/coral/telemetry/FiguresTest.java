package io.coral.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class FiguresTest {
  private static final Pattern NAME = Pattern.compile("\"(coral_[a-z_]+)[\"{]");

  @Test
  void everyFigure_ofTheSources_hasItsMeaning() throws IOException {
    TreeSet<String> named = new TreeSet<>();
    try (Stream<Path> files = Files.walk(Path.of("src/main/java"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".java")).toList()) {
        NAME.matcher(Files.readString(file)).results().forEach(each -> named.add(each.group(1)));
      }
    }
    Properties meanings = new Properties();
    try (var in = Figures.class.getResourceAsStream("figures.properties")) {
      meanings.load(in);
    }
    assertThat(named).hasSizeGreaterThan(40).isEqualTo(new TreeSet<>(meanings.keySet()));
  }
}
