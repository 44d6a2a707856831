package io.coral.demo;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What request number *n* is, and all that follows from it: a pure function of *n*, so that
/// the truth is known before anything is sent. The services act by it and the load reckons with
/// it.
public final class DemoPlan {
  public static final String FRONTEND = "frontend-api";
  public static final String PAYMENTS = "payments-api";
  public static final String CARD_VALIDATOR = "card-validator-svc";
  public static final String INVENTORY = "inventory-api";

  /// Each after those that it calls.
  public static final List<String> SERVICES =
      List.of(CARD_VALIDATOR, INVENTORY, PAYMENTS, FRONTEND);

  /// Ids have four digits and more, as ids do.
  private static final long FIRST_ID = 1_000;

  private DemoPlan() {}

  /// Every request that the numbers `first` to `first + count - 1` cause, the inner ones too.
  public static Map<CountKey, Long> counts(long first, long count) {
    Map<CountKey, Long> counts = new TreeMap<>();
    for (long number = first; number < first + count; number++) {
      add(request(number), counts);
    }
    return counts;
  }

  /// How many traces of each shape the numbers `first` to `first + count - 1` cause. A shape is
  /// [#shape(String, String, String, int, List)] of the outermost request.
  public static Map<String, Long> shapes(long first, long count) {
    Map<String, Long> shapes = new TreeMap<>();
    for (long number = first; number < first + count; number++) {
      shapes.merge(shape(request(number)), 1L, Long::sum);
    }
    return shapes;
  }

  private static String shape(PlannedCall call) {
    return shape(
        call.service(),
        call.method(),
        call.route(),
        call.status(),
        call.calls().stream().map(DemoPlan::shape).toList());
  }

  /// A request as text: `service METHOD route status`, and behind it in brackets the shapes of the
  /// requests that it caused, in their order.
  public static String shape(
      String service, String method, String route, int status, List<String> calls) {
    String text = service + " " + method + " " + route + " " + status;
    return calls.isEmpty() ? text : text + " [" + String.join(", ", calls) + "]";
  }

  static void add(PlannedCall call, Map<CountKey, Long> counts) {
    counts.merge(call.key(), 1L, Long::sum);
    call.calls().forEach(inner -> add(inner, counts));
  }

  /// What is sent to `frontend-api`.
  static PlannedCall request(long number) {
    return switch ((int) (number % 10)) {
      case 0, 1, 2 -> checkout(number);
      case 3, 4, 5 -> product(number);
      case 6 -> order(number);
      case 7 -> cart(number);
      case 8 -> search(number);
      default -> refund(number);
    };
  }

  /// The number that a target or a body carries.
  static long numberIn(String text) {
    int end = text.length();
    while (end > 0 && !Character.isDigit(text.charAt(end - 1))) {
      end--;
    }
    int start = end;
    while (start > 0 && Character.isDigit(text.charAt(start - 1))) {
      start--;
    }
    if (start == end) {
      throw new IllegalArgumentException("'" + text + "' carries no number");
    }
    return Long.parseLong(text.substring(start, end)) - FIRST_ID;
  }

  /// What a service was asked, by what arrived; a request outside the plan is answered 404.
  static PlannedCall received(String service, String method, String target, String body) {
    long number = numberIn(body.isEmpty() ? target : body);
    String path = target.replaceAll("\\?.*", "");
    PlannedCall planned =
        switch (service + " " + method + " " + path.replaceAll("/\\d+$", "")) {
          case FRONTEND + " GET /checkout",
              FRONTEND + " GET /products",
              FRONTEND + " GET /orders",
              FRONTEND + " POST /cart",
              FRONTEND + " GET /search",
              FRONTEND + " POST /refunds" ->
              request(number);
          case PAYMENTS + " POST /api/v1/payments" -> createPayment(number);
          case PAYMENTS + " GET /api/v1/payments" -> readPayment(number);
          case PAYMENTS + " POST /api/v1/refunds" -> createRefund(number);
          case CARD_VALIDATOR + " POST /validate" -> validate(number);
          case INVENTORY + " POST /api/v1/reserve" -> reserve(number);
          case INVENTORY + " GET /products" -> stock(number);
          default -> null;
        };
    return planned != null && planned.target().equals(target)
        ? planned
        : new PlannedCall(service, method, path, target, body, 404, 0, List.of());
  }

  private static PlannedCall checkout(long number) {
    PlannedCall payment = createPayment(number);
    String route = "/checkout/:id";
    String target = "/checkout/" + id(number);
    if (payment.status() != 201) {
      return get(FRONTEND, route, target, payment.status(), 0, List.of(payment));
    }
    PlannedCall reservation = reserve(number);
    return get(FRONTEND, route, target, reservation.status(), 0, List.of(payment, reservation));
  }

  private static PlannedCall product(long number) {
    PlannedCall stock = stock(number);
    return get(FRONTEND, stock.route(), stock.target(), stock.status(), 0, List.of(stock));
  }

  private static PlannedCall order(long number) {
    PlannedCall payment = readPayment(number);
    return get(FRONTEND, "/orders/:id", "/orders/" + id(number), 200, 0, List.of(payment));
  }

  /// The body looks like a request, and is none.
  private static PlannedCall cart(long number) {
    String body = "GET /products/1 HTTP/1.1\r\n\r\norder=" + id(number);
    int status = number % 70 == 7 ? 400 : 201;
    return new PlannedCall(FRONTEND, "POST", "/cart", "/cart", body, status, 1, List.of());
  }

  private static PlannedCall search(long number) {
    String target = "/search?q=item-" + id(number);
    int status = number % 90 == 8 ? 500 : 200;
    return get(FRONTEND, "/search", target, status, 2 + (int) (number % 7), List.of());
  }

  private static PlannedCall refund(long number) {
    PlannedCall refund = createRefund(number);
    int status = refund.status() == 202 ? 202 : 502;
    return post(FRONTEND, "/refunds", number, status, 0, List.of(refund));
  }

  private static PlannedCall createPayment(long number) {
    PlannedCall validation = validate(number);
    int status =
        switch (validation.status()) {
          case 200 -> 201;
          case 402 -> 402;
          default -> 502;
        };
    int thinkMillis = 1 + (int) (number % 3);
    return post(PAYMENTS, "/api/v1/payments", number, status, thinkMillis, List.of(validation));
  }

  private static PlannedCall readPayment(long number) {
    String target = "/api/v1/payments/" + id(number);
    return get(PAYMENTS, "/api/v1/payments/:id", target, 200, 1, List.of());
  }

  private static PlannedCall createRefund(long number) {
    int status = number % 60 == 9 ? 500 : 202;
    int thinkMillis = 20 + (int) (number / 10 % 4) * 10;
    return post(PAYMENTS, "/api/v1/refunds", number, status, thinkMillis, List.of());
  }

  private static PlannedCall validate(long number) {
    int status = number % 50 == 10 ? 503 : number % 20 == 1 ? 402 : 200;
    return post(CARD_VALIDATOR, "/validate", number, status, 3 + (int) (number % 5), List.of());
  }

  private static PlannedCall reserve(long number) {
    int status = number % 40 == 2 ? 409 : 200;
    return post(INVENTORY, "/api/v1/reserve", number, status, 1 + (int) (number % 2), List.of());
  }

  private static PlannedCall stock(long number) {
    int status = number % 40 == 3 ? 404 : 200;
    return get(INVENTORY, "/products/:id", "/products/" + id(number), status, 1, List.of());
  }

  private static PlannedCall get(
      String service,
      String route,
      String target,
      int status,
      int thinkMillis,
      List<PlannedCall> calls) {
    return new PlannedCall(service, "GET", route, target, "", status, thinkMillis, calls);
  }

  private static PlannedCall post(
      String service,
      String route,
      long number,
      int status,
      int thinkMillis,
      List<PlannedCall> calls) {
    String body = "order=" + id(number);
    return new PlannedCall(service, "POST", route, route, body, status, thinkMillis, calls);
  }

  private static long id(long number) {
    return FIRST_ID + number;
  }
}
