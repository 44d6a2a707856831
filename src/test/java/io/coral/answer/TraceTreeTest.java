package io.coral.answer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coral.model.Role;
import io.coral.rpc.RpcException;
import io.coral.storage.SpanRow;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class TraceTreeTest {
  /// Spans in milliseconds.
  private static final class Spans {
    private final List<SpanRow> rows = new ArrayList<>();

    Spans server(String id, String parent, String service, int start, int end) {
      return add(id, parent, service, Role.SERVER, "GET /" + service, start, end, 200);
    }

    Spans client(String id, String parent, String service, int start, int end) {
      return add(id, parent, service, Role.CLIENT, "GET /x", start, end, 200);
    }

    Spans add(
        String id,
        String parent,
        String service,
        Role role,
        String name,
        int start,
        int end,
        int status) {
      Map<String, String> attributes = new HashMap<>(Map.of(SpanRow.PEER, "10.0.0.9:80"));
      if (parent.startsWith("?")) {
        attributes.put(SpanRow.PARENT_MISSING, "true");
      }
      rows.add(
          new SpanRow(
              "t",
              id,
              parent,
              service,
              name,
              role,
              start * 1_000_000L,
              (end - start) * 1_000_000L,
              status,
              attributes,
              null));
      return this;
    }

    TraceTree tree() {
      rows.sort(Comparator.comparingLong(SpanRow::startUnixNanos));
      return new TraceTree(rows);
    }

    String shape() {
      return tree().nodes().stream()
          .map(node -> node.depth() + ":" + RootCause.callee(node.span()))
          .collect(Collectors.joining(" "));
    }
  }

  @Test
  void hop_isOneNode() {
    Spans spans =
        new Spans()
            .server("a", "", "front", 0, 100)
            .client("b", "a", "front", 10, 40)
            .server("c", "b", "pay", 12, 38)
            .client("d", "c", "pay", 15, 20)
            .client("e", "a", "front", 50, 90)
            .server("f", "e", "stock", 51, 89);
    assertThat(spans.shape()).isEqualTo("1:front 2:pay 3:10.0.0.9:80 2:stock");
    assertThat(spans.tree().services()).containsExactly("front", "pay", "stock");
    assertThat(spans.tree().durationNanos()).isEqualTo(100_000_000);
  }

  @Test
  void workInsideAProcess_isANodeOfItsOwn() {
    Spans spans =
        new Spans()
            .server("a", "", "front", 0, 100)
            .add("b", "a", "front", Role.INTERNAL, "render", 10, 90, 0)
            .server("c", "b", "pay", 12, 38)
            .add("d", "c", "pay", Role.PRODUCER, "orders publish", 15, 20, 0)
            .add("e", "d", "mail", Role.CONSUMER, "orders process", 30, 35, 0);
    assertThat(spans.shape()).isEqualTo("1:front 2:front 3:pay 4:10.0.0.9:80 5:mail");
  }

  @Test
  void children_areOrderedByTheClientsClock() {
    assertThat(
            new Spans()
                .server("a", "", "front", 1000, 1100)
                .client("b", "a", "front", 1010, 1040)
                .client("c", "a", "front", 1050, 1090)
                .server("d", "b", "late", 9000, 9020)
                .server("e", "c", "early", 5, 20)
                .shape())
        .isEqualTo("1:front 2:late 2:early");
  }

  @Test
  void rootClient_isFoldedAndItsServiceComesLast() {
    Spans spans = new Spans().client("a", "", "load", 0, 11).server("b", "a", "front", 1, 10);
    assertThat(spans.shape()).isEqualTo("1:front");
    assertThat(spans.tree().services()).containsExactly("front", "load");
  }

  @Test
  void severalServersOfOneClient_areSiblings() {
    assertThat(
            new Spans()
                .server("a", "", "front", 0, 100)
                .client("b", "a", "front", 10, 90)
                .server("c", "b", "one", 11, 30)
                .server("d", "b", "two", 40, 80)
                .shape())
        .isEqualTo("1:front 2:one 2:two");
  }

  @Test
  void orphansOfOneParent_standTogether() {
    Spans spans =
        new Spans()
            .server("a", "?1", "one", 0, 10)
            .server("b", "", "root", 5, 20)
            .server("c", "?1", "two", 8, 30);
    assertThat(spans.shape()).isEqualTo("1:one 1:two 1:root");
    assertThat(spans.tree().nodes().getFirst().missingParent()).isEqualTo("?1");
    assertThat(spans.tree().nodes().getLast().missingParent()).isEmpty();
  }

  @Test
  void circlesAndRepeatedIds_loseNoSpan() {
    assertThat(
            new Spans()
                .server("a", "b", "one", 0, 10)
                .server("b", "a", "two", 1, 9)
                .server("c", "c", "self", 2, 3)
                .server("b", "a", "again", 4, 5)
                .tree()
                .nodes())
        .hasSize(4);
  }

  @Test
  void depth_isNoProblem() {
    Spans spans = new Spans().server("0", "", "s", 0, 100_000);
    for (int i = 1; i < 50_000; i++) {
      spans.server(Integer.toString(i), Integer.toString(i - 1), "s", i, 100_000 - i);
    }
    TraceTree tree = spans.tree();
    assertThat(tree.nodes().getLast().depth()).isEqualTo(50_000);
    assertThat(RootCause.of(tree)).startsWith("no single cause: spread over ");
  }

  @Test
  void rootCause_isTheNodeWithMostOfTheCriticalPath() {
    Spans spans =
        new Spans()
            .server("a", "", "front", 0, 5200)
            .client("b", "a", "front", 200, 5100)
            .server("c", "b", "pay", 210, 5090)
            .client("d", "c", "pay", 250, 5080)
            .add("e", "d", "cards", Role.SERVER, "POST /validate", 260, 5060, 504);
    assertThat(RootCause.of(spans.tree()))
        .isEqualTo("cards POST /validate: 4.8s self time (92%), status 504");
  }

  @Test
  void rootCause_ofAnUnobservedServer_namesItsAddress() {
    Spans spans = new Spans().server("a", "", "front", 0, 100).client("b", "a", "front", 10, 90);
    assertThat(RootCause.of(spans.tree())).isEqualTo("10.0.0.9:80 GET /x: 80ms self time (80%)");
  }

  @Test
  void rootCause_betweenClientAndServer_isToldApart() {
    Spans spans =
        new Spans()
            .server("a", "", "front", 0, 100)
            .client("b", "a", "front", 5, 95)
            .server("c", "b", "pay", 7060, 7080);
    assertThat(RootCause.of(spans.tree()))
        .isEqualTo("front → pay GET /pay: 70ms between client and server (70%)");
  }

  @Test
  void duration_isOnTheClockOfTheRootsHost() {
    Spans spans =
        new Spans()
            .server("a", "", "front", 0, 100)
            .client("b", "a", "front", 5, 95)
            .server("c", "b", "pay", 7010, 7090)
            .client("d", "c", "pay", 7020, 7030);
    assertThat(spans.tree().durationNanos()).isEqualTo(100_000_000);
    assertThat(spans.tree().startUnixNanos()).isZero();
  }

  @Test
  void repeatedCalls_areCounted() {
    Spans spans = new Spans().server("a", "", "orders", 0, 1500);
    for (int i = 0; i < 128; i++) {
      spans.add("c" + i, "a", "orders", Role.CLIENT, "GET /cards", 10 * i, 10 * i + 9, 200);
    }
    assertThat(RootCause.of(spans.tree()))
        .isEqualTo("128 × GET /cards from orders (N+1), 1.2s total");
  }

  @Test
  void parallelChildren_offTheCriticalPath_areNoCause() {
    Spans spans =
        new Spans()
            .server("a", "", "front", 0, 100)
            .server("b", "a", "short", 10, 50)
            .server("c", "a", "long", 10, 90);
    assertThat(RootCause.of(spans.tree())).isEqualTo("long GET /long: 80ms self time (80%)");
  }

  @Test
  void ids_areReadInEveryForm() {
    String id = "4bf92f3577b34da6a3ce929d0e0e4736";
    assertThat(TraceIds.digits("4BF92F35-77b3-4da6-a3ce-929d0e0e4736")).isEqualTo(id);
    assertThat(TraceIds.digits(" 00-" + id + "-00f067aa0ba902b7-01")).isEqualTo(id);
    assertThat(TraceIds.digits("4bf92f")).isEqualTo("4bf92f");
    for (String wrong : List.of("4bf92", "4bf92g", id + "0", "")) {
      assertThatThrownBy(() -> TraceIds.digits(wrong)).isInstanceOf(RpcException.class);
    }
    assertThatThrownBy(() -> TraceIds.checkOne("a", List.of("1", "2", "3", "4", "5", "6")))
        .hasMessageEndingWith("1, 2, 3, 4, 5 and 1 more");
  }
}
