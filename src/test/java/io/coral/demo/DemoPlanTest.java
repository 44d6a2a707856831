package io.coral.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class DemoPlanTest {
  private static long sum(Map<CountKey, Long> counts, String service) {
    return counts.entrySet().stream()
        .filter(entry -> entry.getKey().service().equals(service))
        .mapToLong(Map.Entry::getValue)
        .sum();
  }

  @Test
  void counts_ofTenRequests_areTheCallGraph() {
    Map<CountKey, Long> counts = DemoPlan.counts(100, 10);
    assertThat(counts)
        .containsExactlyInAnyOrderEntriesOf(
            Map.ofEntries(
                // 100, 102: paid and reserved; 101: the card was declined.
                Map.entry(new CountKey("frontend-api", "GET", "/checkout/:id", 200), 2L),
                Map.entry(new CountKey("frontend-api", "GET", "/checkout/:id", 402), 1L),
                Map.entry(new CountKey("payments-api", "POST", "/api/v1/payments", 201), 2L),
                Map.entry(new CountKey("payments-api", "POST", "/api/v1/payments", 402), 1L),
                Map.entry(new CountKey("card-validator-svc", "POST", "/validate", 200), 2L),
                Map.entry(new CountKey("card-validator-svc", "POST", "/validate", 402), 1L),
                Map.entry(new CountKey("inventory-api", "POST", "/api/v1/reserve", 200), 2L),
                Map.entry(new CountKey("frontend-api", "GET", "/products/:id", 200), 3L),
                Map.entry(new CountKey("inventory-api", "GET", "/products/:id", 200), 3L),
                Map.entry(new CountKey("frontend-api", "GET", "/orders/:id", 200), 1L),
                Map.entry(new CountKey("payments-api", "GET", "/api/v1/payments/:id", 200), 1L),
                Map.entry(new CountKey("frontend-api", "POST", "/cart", 201), 1L),
                Map.entry(new CountKey("frontend-api", "GET", "/search", 200), 1L),
                Map.entry(new CountKey("frontend-api", "POST", "/refunds", 202), 1L),
                Map.entry(new CountKey("payments-api", "POST", "/api/v1/refunds", 202), 1L)));
  }

  @Test
  void counts_ofTheFrontend_areTheRequestsSent() {
    assertThat(sum(DemoPlan.counts(0, 1_009), DemoPlan.FRONTEND)).isEqualTo(1_009);
  }

  @Test
  void counts_ofTheDefaultNumber_haveErrorsOfBothKinds() {
    Map<CountKey, Long> counts = DemoPlan.counts(0, 200);
    assertThat(counts.keySet().stream().map(CountKey::status).distinct())
        .contains(200, 201, 202, 400, 402, 404, 409, 500, 502, 503);
  }

  @Test
  void counts_ofTwoRanges_addUp() {
    Map<CountKey, Long> whole = DemoPlan.counts(0, 500);
    Map<CountKey, Long> parts = DemoPlan.counts(0, 123);
    DemoPlan.counts(123, 377).forEach((key, count) -> parts.merge(key, count, Long::sum));
    assertThat(CountDifference.between(whole, parts)).isEmpty();
  }

  @Test
  void received_givesTheCallThatWasPlanned() {
    for (long number = 0; number < 400; number++) {
      assertReceived(DemoPlan.request(number));
    }
  }

  private static void assertReceived(PlannedCall call) {
    assertThat(DemoPlan.received(call.service(), call.method(), call.target(), call.body()))
        .isEqualTo(call);
    call.calls().forEach(DemoPlanTest::assertReceived);
  }

  @Test
  void difference_namesWhatIsMissingAndWhatIsTooMuch() {
    CountKey missing = new CountKey("a", "GET", "/", 200);
    CountKey extra = new CountKey("a", "GET", "/", 0);
    assertThat(CountDifference.between(Map.of(missing, 3L), Map.of(missing, 2L, extra, 1L)))
        .containsExactly(new CountDifference(extra, 0, 1), new CountDifference(missing, 3, 2));
  }
}
