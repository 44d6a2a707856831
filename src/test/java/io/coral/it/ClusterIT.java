package io.coral.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.coral.it.TestCluster.Node;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Three nodes of one colony: each answers for all, none is needed, and nothing is open to others.
final class ClusterIT {
  private static final int AGENTS = 4;
  private static final int SPANS = 40;
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory;
  private TestCluster cluster;

  @BeforeEach
  void start() throws Exception {
    cluster = new TestCluster(directory);
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
    everyNodeHasAll(cluster.nodes());

    Node lost = cluster.nodes().getFirst();
    lost.lose();
    everyNodeHasAll(cluster.nodes().subList(1, 3));
    sendToAll();
    everyNodeHasAll(cluster.nodes().subList(1, 3));

    lost.start();
    everyNodeHasAll(cluster.nodes());
    cluster.nodes().get(1).lose();
    everyNodeHasAll(java.util.List.of(cluster.nodes().get(2), lost));
  }
}
