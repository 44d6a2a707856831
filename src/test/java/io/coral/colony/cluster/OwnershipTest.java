package io.coral.colony.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OwnershipTest {
  private static final int AGENTS = 3000;
  private static final List<String> NODES = List.of("n1", "n2", "n3", "n4");

  @Test
  void owners_areAsManyAsAsked_orAllThereAre() {
    assertThat(Ownership.owners("a", NODES, 2)).hasSize(2).doesNotHaveDuplicates();
    assertThat(Ownership.owners("a", List.of("n1"), 2)).containsExactly("n1");
    assertThat(Ownership.owners("a", List.of("n4", "n3", "n2", "n1"), 2))
        .isEqualTo(Ownership.owners("a", NODES, 2));
  }

  @Test
  void agents_areSharedEvenly() {
    Map<String, Integer> owned = new HashMap<>();
    for (int i = 0; i < AGENTS; i++) {
      for (String owner : Ownership.owners("agent-" + i, NODES, 2)) {
        owned.merge(owner, 1, Integer::sum);
      }
    }
    int share = 2 * AGENTS / NODES.size();
    assertThat(owned.values())
        .allSatisfy(count -> assertThat(count).isBetween(share * 9 / 10, share * 11 / 10));
  }

  @Test
  void whenANodeGoes_onlyItsAgentsChangeHands() {
    List<String> left = new ArrayList<>(NODES);
    left.remove("n2");
    for (int i = 0; i < AGENTS; i++) {
      List<String> before = Ownership.owners("agent-" + i, NODES, 2);
      List<String> after = Ownership.owners("agent-" + i, left, 2);
      if (before.contains("n2")) {
        assertThat(after).containsAll(before.stream().filter(node -> !node.equals("n2")).toList());
      } else {
        assertThat(after).isEqualTo(before);
      }
    }
  }
}
