package io.coral.agent.beyla;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.config.AgentConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class EngineChoiceTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        // engine | own obstacle | Beyla's obstacle | who | reason
        "auto|''|''|CORAL|''",
        "auto|''|no beyla|CORAL|''",
        "auto|no btf|''|BEYLA|Coral's own capture cannot work here: no btf",
        "auto|no btf|no beyla|NONE|no btf; Beyla cannot run: no beyla",
        "coral|''|''|CORAL|''",
        "coral|no btf|''|NONE|no btf",
        "beyla|''|''|BEYLA|''",
        "beyla|no btf|''|BEYLA|''",
        "beyla|''|no beyla|CORAL|Beyla cannot run: no beyla; Coral's own capture takes its place",
        "beyla|no btf|no beyla|NONE|no btf; Beyla cannot run: no beyla",
      })
  void engine_withWhatWorks_isChosen(
      String engine, String ownObstacle, String obstacle, EngineChoice.Observer who, String reason)
      throws Exception {
    EngineChoice choice =
        EngineChoice.of(
            AgentConfig.parse("a", "beyla: {engine: " + engine + "}").beyla(),
            ownObstacle,
            new BeylaBinary("/usr/bin/beyla", obstacle));
    assertThat(choice).isEqualTo(new EngineChoice(who, reason));
  }

  @Test
  void disabled_isObservedByNobody() throws Exception {
    EngineChoice choice =
        EngineChoice.of(
            AgentConfig.parse("a", "beyla: {enabled: false, engine: beyla}").beyla(),
            "",
            new BeylaBinary("/usr/bin/beyla", ""));
    assertThat(choice)
        .isEqualTo(new EngineChoice(EngineChoice.Observer.NONE, "beyla.enabled is false"));
  }

  private BeylaBinary find(String yaml, String kernel, boolean privileged) throws Exception {
    return BeylaBinary.find(
        AgentConfig.parse("a", "beyla: {" + yaml + "}").beyla(),
        new BeylaBinary.Host("relative::" + directory, kernel, privileged));
  }

  private Path executable(String name) throws Exception {
    return Files.createFile(
        directory.resolve(name),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  @Test
  void binary_onPath_isBeylaBeforeObi() throws Exception {
    assertThat(find("", "6.18.1", true).obstacle()).startsWith("neither beyla nor obi is on PATH");
    Path obi = executable("obi");
    assertThat(find("", "6.18.1", true)).isEqualTo(new BeylaBinary(obi.toString(), ""));
    Path beyla = executable("beyla");
    assertThat(find("", "6.18.1", true)).isEqualTo(new BeylaBinary(beyla.toString(), ""));
  }

  @Test
  void binary_configured_isTheOnlyOne() throws Exception {
    executable("beyla");
    Path mine = executable("mine");
    assertThat(find("binary: " + mine, "6.18.1", true).path()).isEqualTo(mine.toString());
    assertThat(find("binary: /not/there", "6.18.1", true).obstacle())
        .isEqualTo("beyla.binary: /not/there is no file");
  }

  @Test
  void obstacle_isTheFirstThatIsKnown() throws Exception {
    Path plain = Files.createFile(directory.resolve("plain"));
    assertThat(find("binary: " + plain, "6.18.1", true).obstacle())
        .isEqualTo(plain + " is not executable");
    executable("beyla");
    assertThat(find("", "5.4.0-generic", true).obstacle())
        .isEqualTo("Linux 5.4.0-generic is too old, Beyla needs 5.8");
    assertThat(find("", "5.15.0", true).obstacle()).isEmpty();
    assertThat(find("", "6.18.1", false).obstacle()).startsWith("privileges");
    assertThat(
            find(
                    "protocols: {http: {enabled: false}, grpc: {enabled: false}, sql: {enabled:"
                        + " false}, kafka: {enabled: false}, redis: {enabled: false}}",
                    "6.18.1",
                    true)
                .obstacle())
        .contains("every protocol is off");
  }
}
