package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The history of a node saved and made anew, by the commands of docs/cluster.md.
final class BackupIT {
  private static final int SPANS = 50;
  private static final Pattern COMMANDS =
      Pattern.compile("## Backup\\n\\n```sh\\n(.*?)```", Pattern.DOTALL);

  @TempDir Path directory;

  /// A command of the document, with the place of the node and of its data.
  private CoralProcess.Ended run(String line, int port) throws Exception {
    assertThat(line).startsWith("./coral colony ");
    List<String> words = new ArrayList<>(Arrays.asList(Pattern.compile(" ").split(line)));
    words.removeFirst();
    words.replaceAll(
        word ->
            word.equals("127.0.0.1:9000")
                ? "127.0.0.1:" + port
                : word.matches("n\\d.*") ? directory.resolve(word).toString() : word);
    return CoralProcess.run(directory, List.of(), words.toArray(String[]::new));
  }

  @Test
  void nodeMadeFromABackup_hasTheHistory_andADamagedBackupMakesNone() throws Exception {
    Matcher block = COMMANDS.matcher(Files.readString(Path.of("docs/cluster.md")));
    assertThat(block.find()).isTrue();
    List<String> lines = block.group(1).lines().toList();
    Set<String> sent;
    try (TestCluster cluster = new TestCluster(directory)) {
      TestCluster.Node node = cluster.addNode("1s");
      TestCluster.Agent agent = cluster.addAgent(node);
      cluster.send(agent, SPANS);
      sent = Set.copyOf(cluster.sent());
      await()
          .atMost(Duration.ofSeconds(150))
          .ignoreExceptions()
          // A node of a cluster that is alone says that others may know more.
          .untilAsserted(
              () ->
                  assertThat(TestCluster.ask(node).spans())
                      .containsExactlyInAnyOrderElementsOf(cluster.sent()));
      CoralProcess.Ended saved = run(lines.getFirst(), node.port());
      assertThat(saved.exitCode()).as(saved.err()).isZero();
      agent.process().kill();
    }
    CoralProcess.Ended restored = run(lines.getLast(), 0);
    assertThat(restored.exitCode()).as(restored.err()).isZero();
    assertThat(run(lines.getLast(), 0).err()).contains("has data already");

    int port = Host.freePort();
    try (CoralProcess again = CoralProcess.colony(directory.resolve("n4"), port)) {
      TestCluster.Answer answer = TestCluster.ask(again.api());
      assertThat(answer.spans()).containsExactlyInAnyOrderElementsOf(sent);
      assertThat(answer.isComplete()).as("the agent is gone").isFalse();
    }

    Path zip = directory.resolve("n1.zip");
    try (FileChannel file = FileChannel.open(zip, StandardOpenOption.WRITE)) {
      file.truncate(file.size() / 2);
    }
    CoralProcess.Ended refused =
        CoralProcess.run(
            directory,
            List.of(),
            "colony",
            "import",
            zip.toString(),
            "--data",
            directory.resolve("n5").toString());
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("cannot be imported");
    assertThat(directory.resolve("n5").resolve("colony")).doesNotExist();
  }
}
