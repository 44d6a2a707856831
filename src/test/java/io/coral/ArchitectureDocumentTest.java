package io.coral;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.vertx.core.VerticleBase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// ARCHITECTURE.md lists what is deployed, no more and no less.
final class ArchitectureDocumentTest {
  @Test
  void verticleTable_comparedWithTheClasses_namesEachOne() throws Exception {
    TreeSet<String> listed = new TreeSet<>();
    Matcher row =
        Pattern.compile("(?m)^\\| `(\\w+Verticle)` \\|")
            .matcher(Files.readString(Path.of("ARCHITECTURE.md")));
    while (row.find()) {
      listed.add(row.group(1));
    }
    TreeSet<String> deployed = new TreeSet<>();
    for (JavaClass each :
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.coral")) {
      if (each.isAssignableTo(VerticleBase.class)) {
        deployed.add(each.getSimpleName());
      }
    }
    assertThat(listed).isEqualTo(deployed);
  }

  @Test
  void topicTable_comparedWithTheBus_namesEachOne() throws Exception {
    String text = Files.readString(Path.of("ARCHITECTURE.md"));
    var vertx = io.vertx.core.Vertx.vertx();
    try {
      for (io.coral.bus.Topic<?> topic : io.coral.bus.Topics.of(vertx).all()) {
        assertThat(text).contains("`" + topic.address() + "`");
      }
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get();
    }
  }
}
