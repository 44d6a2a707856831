package io.coral;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.coral.agent.AgentIdentity;
import io.coral.agent.AgentVerticle;
import io.coral.colony.ColonyVerticle;
import io.coral.colony.cluster.StaticMembership;
import io.coral.config.AgentConfig;
import io.coral.config.ColonyConfig;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// ARCHITECTURE.md lists what is deployed, no more and no less.
final class ArchitectureDocumentTest {
  @TempDir Path directory;

  private static Set<String> listed() throws IOException {
    TreeSet<String> listed = new TreeSet<>();
    Matcher row =
        Pattern.compile("(?m)^\\| `(\\w+Verticle)` \\|")
            .matcher(Files.readString(Path.of("ARCHITECTURE.md")));
    while (row.find()) {
      listed.add(row.group(1));
    }
    return listed;
  }

  @Test
  void verticleTable_comparedWithWhatARunningAgentAndColonyDeploy_hasAsMany() throws Exception {
    AgentConfig agent =
        AgentConfig.parse(
            "test",
            "agent: {port: 0, colony: '127.0.0.1:1'}\n"
                + "telemetry: {grpc_endpoint: '127.0.0.1:0', http_endpoint: '127.0.0.1:0'}\n");
    ColonyConfig colony = ColonyConfig.parse("test", "colony: {port: 0}");
    Path parts = Path.of(System.getProperty("coral.native.dir", "target/native"));
    System.setProperty("jna.boot.library.path", parts.toString());
    Vertx vertx = Vertx.vertx();
    try {
      AgentVerticle agentVerticle =
          new AgentVerticle(
              agent,
              AgentIdentity.load(directory.resolve("agent")),
              directory.resolve("agent"),
              parts,
              "test",
              () -> 0,
              Clock.systemUTC());
      ColonyVerticle colonyVerticle =
          new ColonyVerticle(
              colony,
              directory.resolve("colony"),
              "test",
              false,
              Clock.systemUTC(),
              StaticMembership.alone("local"));
      vertx
          .deployVerticle(agentVerticle)
          .compose(_ -> vertx.deployVerticle(colonyVerticle))
          .toCompletionStage()
          .toCompletableFuture()
          .get(60, TimeUnit.SECONDS);
      assertThat(vertx.deploymentIDs()).hasSameSizeAs(listed());
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void verticleTable_comparedWithTheClasses_namesEachOne() throws Exception {
    TreeSet<String> deployed = new TreeSet<>();
    for (JavaClass each :
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            // Generated: as many classes as there are others.
            .withImportOption(location -> !location.contains("/v1/"))
            .importPackages("io.coral")) {
      if (each.isAssignableTo(VerticleBase.class)) {
        deployed.add(each.getSimpleName());
      }
    }
    assertThat(listed()).isEqualTo(deployed);
  }

  @Test
  void topicTable_comparedWithTheBus_namesEachOne() throws Exception {
    String text = Files.readString(Path.of("ARCHITECTURE.md"));
    Vertx vertx = Vertx.vertx();
    try {
      for (io.coral.bus.Topic<?> topic : io.coral.bus.Topics.of(vertx).all()) {
        assertThat(text).contains("`" + topic.address() + "`");
      }
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get();
    }
  }
}
