package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import io.coral.it.TestCluster.Node;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes of one colony: each answers for all, none is needed, and nothing is open to others.
final class ClusterIT {
  private static final int AGENTS = 4;
  private static final int SPANS = 40;
  private static final Duration SOON = Duration.ofSeconds(150);

  @TempDir Path directory;
  private TestCluster cluster;

  @BeforeEach
  void prepare() throws Exception {
    cluster = new TestCluster(directory);
  }

  private void start() throws Exception {
    for (int i = 0; i < 3; i++) {
      cluster.addNode("1s");
    }
    for (int i = 0; i < AGENTS; i++) {
      cluster.addAgent(cluster.nodes().get(i % 3));
    }
    sendToAll();
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private void sendToAll() throws Exception {
    for (TestCluster.Agent agent : cluster.agents()) {
      cluster.send(agent, SPANS);
    }
  }

  private void everyNodeHasAll(Iterable<Node> nodes) {
    for (Node node : nodes) {
      await("node at port " + node.port())
          .atMost(SOON)
          .pollInterval(Duration.ofMillis(200))
          .ignoreExceptions()
          .untilAsserted(
              () -> {
                TestCluster.Answer answer = TestCluster.ask(node);
                assertThat(answer.is(cluster.sent(), AGENTS)).as(answer.toString()).isTrue();
              });
    }
  }

  @Test
  void threeNodes_whicheverIsAskedAndWhicheverIsLost_haveAllSpansOnce() throws Exception {
    start();
    everyNodeHasAll(cluster.nodes());

    Node lost = cluster.nodes().getFirst();
    lost.lose();
    everyNodeHasAll(cluster.nodes().subList(1, 3));
    sendToAll();
    everyNodeHasAll(cluster.nodes().subList(1, 3));

    lost.start();
    everyNodeHasAll(cluster.nodes());
    cluster.nodes().get(1).lose();
    everyNodeHasAll(List.of(cluster.nodes().get(2), lost));
  }

  @Test
  void asTheDocumentTells_threeNodesFindEachOther_andNothingIsOpenToOtherHosts() throws Exception {
    String ss = Host.program("ss");
    Matcher block =
        Pattern.compile("```sh\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs/cluster.md")));
    assertThat(block.find()).isTrue();
    List<CoralProcess> nodes = new ArrayList<>();
    try {
      for (String line : block.group(1).lines().toList()) {
        assertThat(line).matches("\\./coral colony start --cluster --port \\d+ --data n\\d");
        List<String> words = new ArrayList<>(List.of(line.split(" ")).subList(1, 8));
        int port = Host.freePort();
        Path data = directory.resolve(words.get(6));
        words.set(4, "" + port);
        words.set(6, data.toString());
        nodes.add(CoralProcess.wrapped(data, List.of(), new Api(port), words));
      }
      for (CoralProcess node : nodes) {
        await("node " + node.pid())
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(
                            Api.objects(node.api().colony("GetStatus", new JsonObject()), "nodes"))
                        .extracting(each -> Api.text(each, "state"))
                        .containsExactly("here", "here", "here"));
      }
      CoralProcess.Ended listening = CoralProcess.run(directory, List.of(ss, "-Hlntup"));
      for (CoralProcess node : nodes) {
        assertThat(listening.out().lines().filter(line -> line.contains("pid=" + node.pid() + ",")))
            .hasSize(3)
            .allMatch(line -> line.contains("127.0.0.1]:") || line.contains(" 127.0.0.1:"));
      }
    } finally {
      nodes.forEach(CoralProcess::close);
    }
  }
}
