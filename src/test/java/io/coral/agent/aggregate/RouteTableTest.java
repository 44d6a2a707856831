package io.coral.agent.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RouteTableTest {
  @ParameterizedTest
  @CsvSource({
    "/,/",
    "/users/42,/users/:id",
    "/users/42/orders/77,/users/:id/orders/:id",
    "/o/550e8400-e29b-41d4-a716-446655440000,/o/:id",
    "/c/4bf92f3577b34da6,/c/:id",
    "/d/2026-11-21,/d/:id",
    "/api/v1/users,/api/v1/users",
    "/login,/login",
    "/facade,/facade",
    "/t/0Zk3QxJ9mP2vL7sWbT,/t/:id",
    "/a//b,/a//b",
  })
  void path_withIds_becomesARoute(String path, String route) {
    assertThat(new RouteTable(List.of(), 100).routeOf(path, false)).isEqualTo(route);
  }

  @Test
  void configuredPattern_inEitherForm_wins() {
    RouteTable table = new RouteTable(List.of("/shops/:shop/items", "/s/{name}"), 100);
    assertThat(table.routeOf("/shops/berlin/items", false)).isEqualTo("/shops/:shop/items");
    assertThat(table.routeOf("/s/x", false)).isEqualTo("/s/:name");
  }

  @Test
  void position_withManyValues_becomesAParameter() {
    RouteTable table = new RouteTable(List.of(), 1000);
    for (int i = 0; i < 60; i++) {
      table.routeOf("/tag/" + "abcdefghij".charAt(i % 10) + "xyzuvw".charAt(i / 10), false);
    }
    assertThat(table.routeOf("/tag/new", false)).isEqualTo("/tag/:param");
    assertThat(table.routeOf("/tag/ax", false)).isEqualTo("/tag/ax");
  }

  @Test
  void pathsThatNobodyServes_teachNothing() {
    RouteTable table = new RouteTable(List.of(), 100_000);
    for (int i = 0; i < 200; i++) {
      table.routeOf("/scan" + Integer.toString(i, 36) + ".php", true);
    }
    assertThat(table.routeOf("/orders", false)).isEqualTo("/orders");
  }

  @Test
  void routes_aboveTheCap_areOther() {
    RouteTable table = new RouteTable(List.of(), 5);
    for (char c = 'a'; c < 'a' + 8; c++) {
      table.routeOf("/" + c, false);
    }
    assertThat(table.routeOf("/a", false)).isEqualTo("/a");
    assertThat(table.routeOf("/z", false)).isEqualTo(RouteTable.OTHER);
    assertThat(table.other()).isEqualTo(4);
  }
}
