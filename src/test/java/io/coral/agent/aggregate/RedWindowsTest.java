package io.coral.agent.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.ColumnBatch;
import io.coral.model.ObservedRequests;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.model.SpanRequests;
import io.coral.model.Texts;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

final class RedWindowsTest {
  private static final long NOON = 1_795_262_400_000_000_000L;
  private static final long SECOND = 1_000_000_000L;

  private final RedWindows windows = new RedWindows("{}", 10, new LongAdder(), Duration.ZERO);

  private static RedWindows.Key key(String source, RequestKind kind, String service) {
    return key(source, kind, service, false);
  }

  private static RedWindows.Key failed(String service) {
    return key("otlp", RequestKind.HTTP, service, true);
  }

  private static RedWindows.Key key(
      String source, RequestKind kind, String service, boolean failed) {
    return new RedWindows.Key(
        kind, service, Role.SERVER, "http", "GET", "/a", 200, "", source, failed);
  }

  private static long number(ColumnBatch batch, String column, int row) {
    return batch.longs(batch.schema().position(column))[row];
  }

  @Test
  void requestsOfSpans_areCountedByTheirEndInTheirKindsStream() {
    windows.add(key("otlp", RequestKind.HTTP, "shop"), NOON, 5_000_000);
    windows.add(key("otlp", RequestKind.HTTP, "shop"), NOON + 9 * SECOND, 6_000_000);
    windows.add(failed("shop"), NOON + 9 * SECOND, 8_000_000);
    windows.add(key("otlp", RequestKind.HTTP, "shop"), NOON - 3600 * SECOND, 7_000_000);
    windows.add(key("otlp", RequestKind.SQL, "shop"), NOON, 1_000_000);
    List<ColumnBatch> batches = windows.flush(NOON + 3600 * SECOND);
    assertThat(batches)
        .extracting(batch -> batch.schema().name())
        .containsExactly("http_metrics", "sql_metrics");
    ColumnBatch http = batches.getFirst();
    assertThat(http.rows()).isEqualTo(3);
    assertThat(number(http, "window_unix_nanos", 0)).isEqualTo(NOON - 3600 * SECOND);
    assertThat(number(http, "requests", 0)).isEqualTo(1);
    int well = number(http, "errors", 1) == 0 ? 1 : 2;
    int failed = 3 - well;
    assertThat(number(http, "window_unix_nanos", well)).isEqualTo(NOON);
    assertThat(number(http, "requests", well)).isEqualTo(2);
    assertThat(number(http, "duration_nanos", well)).isEqualTo(11_000_000);
    assertThat(number(http, "window_unix_nanos", failed)).isEqualTo(NOON);
    assertThat(number(http, "requests", failed)).isEqualTo(1);
    assertThat(number(http, "errors", failed)).isEqualTo(1);
    assertThat(number(http, "duration_nanos", failed)).isEqualTo(8_000_000);
    assertThat(windows.flush(NOON + 3600 * SECOND)).isEmpty();
  }

  @Test
  void requestsOfSpans_whereTheServiceIsCaptured_areThereButNotCountedAgain() {
    windows.add(key("captured", RequestKind.HTTP, "shop"), NOON, 5_000_000);
    windows.add(key("otlp", RequestKind.HTTP, "shop"), NOON, 5_000_000);
    windows.add(key("otlp", RequestKind.HTTP, "cart"), NOON, 5_000_000);
    assertThat(counted(windows.flush(NOON + 3600 * SECOND).getFirst())).isEqualTo(2);
    // A batch of the exporter comes later.
    windows.add(key("otlp", RequestKind.HTTP, "shop"), NOON + SECOND, 5_000_000);
    windows.add(key("otlp", RequestKind.SQL, "shop"), NOON + SECOND, 5_000_000);
    List<ColumnBatch> later = windows.flush(NOON + 3600 * SECOND);
    assertThat(counted(later.get(0))).isZero();
    assertThat(counted(later.get(1))).isEqualTo(1);
    // It is long ago that the service was captured.
    windows.add(key("otlp", RequestKind.HTTP, "shop"), NOON + 700 * SECOND, 5_000_000);
    assertThat(counted(windows.flush(NOON + 3600 * SECOND).getFirst())).isEqualTo(1);
  }

  @Test
  void requestsOfSpans_waitForTheObserverThatReportsLater() {
    RedWindows patient = new RedWindows("{}", 10, new LongAdder(), Duration.ofSeconds(25));
    patient.add(key("otlp", RequestKind.HTTP, "shop"), NOON, 5_000_000);
    patient.add(key("otlp", RequestKind.HTTP, "cart"), NOON, 5_000_000);
    assertThat(patient.flush(NOON + 11 * SECOND)).isEmpty();
    assertThat(patient.series()).isEqualTo(2);
    patient.add(
        new ObservedRequests.Counted(
            RequestKind.HTTP,
            "shop",
            Role.SERVER,
            "http",
            "GET",
            "/a",
            "",
            200,
            "",
            false,
            NOON + 12 * SECOND,
            5_000_000,
            7,
            new int[] {1}),
        "/a");
    ColumnBatch reported = patient.flush(NOON + 21 * SECOND).getFirst();
    assertThat(reported.texts(1)).containsExactly("shop");
    assertThat(counted(reported)).isEqualTo(1);
    ColumnBatch later = patient.flush(NOON + 35 * SECOND).getFirst();
    assertThat(later.texts(1)).containsExactlyInAnyOrder("cart", "shop");
    int cart = later.texts(1)[0].equals("cart") ? 0 : 1;
    assertThat(number(later, "counted", cart)).isEqualTo(1);
    assertThat(number(later, "counted", 1 - cart)).isZero();
    assertThat(patient.series()).isZero();
    // Beyla has noticed that the service sends spans, and leaves it alone.
    patient.add(key("otlp", RequestKind.HTTP, "shop"), NOON + 90 * SECOND, 5_000_000);
    assertThat(counted(patient.flush(Long.MAX_VALUE).getFirst())).isEqualTo(1);
  }

  private static long counted(ColumnBatch batch) {
    long counted = 0;
    for (int row = 0; row < batch.rows(); row++) {
      counted += number(batch, "counted", row);
    }
    return counted;
  }

  @Test
  void keysOfSpans_withTheSameNumbers_areOne() {
    Texts texts = new Texts();
    SpanRequests requests = new SpanRequests(texts);
    int[] key = new int[SpanRequests.KEY_WIDTH];
    key[SpanRequests.SERVICE] = texts.idOf("shop");
    key[SpanRequests.SYSTEM] = texts.idOf("http");
    key[SpanRequests.METHOD] = texts.idOf("GET");
    key[SpanRequests.ROUTE] = texts.idOf("");
    key[SpanRequests.ROLE] = Role.SERVER.code();
    key[SpanRequests.STATUS] = 404;
    for (int i = 0; i < 1000; i++) {
      key[SpanRequests.PATH] = texts.idOf("/orders/" + i % 300);
      requests.add(key, false, NOON, 1);
    }
    SpanKeys keys =
        new SpanKeys((service, path, unmatched) -> service + path + (unmatched ? "?" : ""));
    assertThat(keys.of(requests, 0)).isSameAs(keys.of(requests, 300));
    assertThat(keys.of(requests, 299).route()).isEqualTo("shop/orders/299?");
    Object[] first = new Object[300];
    Arrays.setAll(first, i -> keys.of(requests, i));
    for (int i = 0; i < 1000; i++) {
      assertThat(keys.of(requests, i)).isSameAs(first[i % 300]);
    }
  }
}
