package io.coral.otlp;

import com.google.protobuf.ByteString;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.InstrumentationScope;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.resource.v1.Resource;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import io.opentelemetry.proto.trace.v1.Status;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Payloads as twelve services of a shop send them: about eight spans a trace, ten attributes and a
/// request id a span, ten attributes a resource.
public final class SpanPayloads {
  private static final List<String> SERVICES =
      List.of(
          "frontend",
          "checkout",
          "cart",
          "catalog",
          "payment",
          "shipping",
          "recommend",
          "currency",
          "email",
          "ads",
          "inventory",
          "users");
  private static final List<String> ROUTES =
      List.of(
          "/",
          "/api/cart/{userId}",
          "/api/products",
          "/api/products/{id}",
          "/api/checkout",
          "/api/recommendations",
          "/api/shipping/quote",
          "/api/currency/convert",
          "/api/users/{id}/orders",
          "/api/users/login",
          "/api/ads",
          "/api/inventory/{sku}");
  private static final List<String> TABLES =
      List.of("orders", "order_items", "users", "products", "stock", "payments", "sessions");
  private static final String STACK =
      "java.lang.IllegalStateException: connection pool exhausted\n"
          + "\tat com.acme.pool.Pool.take(Pool.java:211)\n"
          + "\tat com.acme.dao.OrderDao.load(OrderDao.java:87)\n"
          + "\tat com.acme.http.Handler.handle(Handler.java:63)";

  private final Random random;

  public SpanPayloads(long seed) {
    this.random = new Random(seed);
  }

  private record Made(String service, Span span) {}

  /// One payload.
  public ExportTraceServiceRequest payload(int spans, long startNanos) {
    List<Made> made = new ArrayList<>();
    while (made.size() < spans) {
      trace(made, Math.min(4 + random.nextInt(9), spans - made.size()), startNanos);
    }
    ExportTraceServiceRequest.Builder request = ExportTraceServiceRequest.newBuilder();
    for (String service : SERVICES) {
      ScopeSpans.Builder scope =
          ScopeSpans.newBuilder()
              .setScope(
                  InstrumentationScope.newBuilder()
                      .setName("io.opentelemetry.vertx-5.0")
                      .setVersion("2.18.0-alpha"));
      made.stream()
          .filter(each -> each.service.equals(service))
          .forEach(each -> scope.addSpans(each.span));
      if (scope.getSpansCount() > 0) {
        request.addResourceSpans(
            ResourceSpans.newBuilder().setResource(resource(service)).addScopeSpans(scope));
      }
    }
    return request.build();
  }

  private Resource resource(String service) {
    int pod = random.nextInt(4);
    return Resource.newBuilder()
        .addAttributes(text("service.name", service))
        .addAttributes(text("service.version", "1.4.2"))
        .addAttributes(text("service.instance.id", service + "-" + pod + "-7f9c"))
        .addAttributes(text("host.name", "node-" + pod))
        .addAttributes(text("k8s.namespace.name", "prod"))
        .addAttributes(text("k8s.pod.name", service + "-6b8f5d-" + pod))
        .addAttributes(text("telemetry.sdk.language", "java"))
        .addAttributes(text("telemetry.sdk.name", "opentelemetry"))
        .addAttributes(text("telemetry.sdk.version", "1.52.0"))
        .addAttributes(text("deployment.environment.name", "production"))
        .build();
  }

  private void trace(List<Made> made, int count, long startNanos) {
    ByteString traceId = id(16);
    long total = 100_000 + (long) Math.exp(random.nextGaussian() * 0.9 + Math.log(25e6));
    List<Integer> services = new ArrayList<>();
    List<Span> spans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int parent = i == 0 ? -1 : random.nextInt(i);
      int service =
          i == 0
              ? 0
              : random.nextInt(100) < 55 ? random.nextInt(SERVICES.size()) : services.get(parent);
      long from = i == 0 ? startNanos : spans.get(parent).getStartTimeUnixNano();
      long duration =
          i == 0
              ? total
              : (long)
                  ((spans.get(parent).getEndTimeUnixNano() - from)
                      * (0.1 + 0.75 * random.nextDouble()));
      Span.Builder span =
          Span.newBuilder()
              .setTraceId(traceId)
              .setSpanId(id(8))
              .setStartTimeUnixNano(from)
              .setEndTimeUnixNano(from + duration);
      if (i > 0) {
        span.setParentSpanId(spans.get(parent).getSpanId());
      }
      boolean entry = i == 0 || !services.get(parent).equals(service);
      fill(span, service, entry, i);
      span.addAttributes(text("request.id", hex()));
      services.add(service);
      spans.add(span.build());
      made.add(new Made(SERVICES.get(service), spans.getLast()));
    }
  }

  private void fill(Span.Builder span, int service, boolean entry, int index) {
    String name = SERVICES.get(service);
    String address =
        "10." + (40 + service) + "." + random.nextInt(4) + "." + (1 + random.nextInt(250));
    if (entry) {
      String route = ROUTES.get((service + random.nextInt(3)) % ROUTES.size());
      String method = List.of("GET", "GET", "GET", "POST", "PUT").get(random.nextInt(5));
      int status =
          random.nextInt(100) < 4
              ? List.of(400, 401, 404, 409, 500, 503).get(random.nextInt(6))
              : 200;
      span.setKind(Span.SpanKind.SPAN_KIND_SERVER)
          .setName(method + " " + route)
          .addAttributes(text("http.request.method", method))
          .addAttributes(text("http.route", route))
          .addAttributes(text("url.path", "/api/v1/" + name + "/" + random.nextInt(1_000_000)))
          .addAttributes(text("url.scheme", "https"))
          .addAttributes(number("http.response.status_code", status))
          .addAttributes(text("server.address", name + ".prod.svc.cluster.local"))
          .addAttributes(number("server.port", 8080))
          .addAttributes(text("client.address", address))
          .addAttributes(text("user_agent.original", "okhttp/4.12." + random.nextInt(5)))
          .addAttributes(text("network.protocol.version", "1.1"));
      if (status >= 500) {
        span.setStatus(
                Status.newBuilder()
                    .setCode(Status.StatusCode.STATUS_CODE_ERROR)
                    .setMessage("pool exhausted"))
            .addEvents(
                Span.Event.newBuilder()
                    .setName("exception")
                    .setTimeUnixNano(span.getEndTimeUnixNano())
                    .addAttributes(text("exception.type", "java.lang.IllegalStateException"))
                    .addAttributes(text("exception.stacktrace", STACK)));
      }
    } else if (index % 3 == 1) {
      String table = TABLES.get(random.nextInt(TABLES.size()));
      String operation = List.of("SELECT", "SELECT", "UPDATE", "INSERT").get(random.nextInt(4));
      span.setKind(Span.SpanKind.SPAN_KIND_CLIENT)
          .setName(operation + " " + table)
          .addAttributes(text("db.system.name", "postgresql"))
          .addAttributes(text("db.namespace", "shop"))
          .addAttributes(text("db.collection.name", table))
          .addAttributes(text("db.operation.name", operation))
          .addAttributes(
              text(
                  "db.query.text",
                  operation
                      + " id, status, total, created_at FROM "
                      + table
                      + " WHERE customer_id = $1 AND status IN ($2, $3) ORDER BY created_at LIMIT "
                      + 10 * (1 + random.nextInt(10))))
          .addAttributes(text("server.address", "pg-primary.prod.internal"))
          .addAttributes(number("server.port", 5432))
          .addAttributes(number("db.response.returned_rows", random.nextInt(100)))
          .addAttributes(number("thread.id", 20 + random.nextInt(40)))
          .addAttributes(text("network.peer.address", address));
    } else if (index % 3 == 2) {
      String step =
          List.of("render", "validate", "price", "authorize", "serialize").get(random.nextInt(5));
      span.setKind(Span.SpanKind.SPAN_KIND_INTERNAL)
          .setName(step)
          .addAttributes(text("code.function.name", "com.acme." + name + ".Service." + step))
          .addAttributes(text("code.file.path", "Service.java"))
          .addAttributes(number("code.line.number", random.nextInt(500)))
          .addAttributes(number("thread.id", 20 + random.nextInt(40)))
          .addAttributes(text("thread.name", "vert.x-eventloop-thread-" + random.nextInt(8)))
          .addAttributes(text("user.id", "u-" + (1_000_000 + random.nextInt(5_000_000))))
          .addAttributes(text("feature.flag", random.nextBoolean() ? "on" : "off"))
          .addAttributes(text("tenant", "t" + random.nextInt(200)))
          .addAttributes(text("cache.hit", random.nextBoolean() ? "true" : "false"))
          .addAttributes(number("items", random.nextInt(30)));
    } else {
      span.setKind(Span.SpanKind.SPAN_KIND_CLIENT)
          .setName("GET")
          .addAttributes(text("rpc.system", "grpc"))
          .addAttributes(text("rpc.service", "acme.v1." + name))
          .addAttributes(text("rpc.method", List.of("Get", "List", "Put").get(random.nextInt(3))))
          .addAttributes(number("rpc.grpc.status_code", 0))
          .addAttributes(text("server.address", name + ".prod.svc.cluster.local"))
          .addAttributes(number("server.port", 9090))
          .addAttributes(text("network.peer.address", address))
          .addAttributes(number("network.peer.port", 30_000 + random.nextInt(30_000)))
          .addAttributes(number("retry.count", random.nextInt(2)))
          .addAttributes(number("payload.bytes", random.nextInt(60_000)));
    }
  }

  private ByteString id(int length) {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    for (int i = 0; i < length; i += 8) {
      bytes.putLong(random.nextLong());
    }
    return ByteString.copyFrom(bytes.array());
  }

  private String hex() {
    return String.format("%016x", random.nextLong());
  }

  public static KeyValue text(String key, String value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setStringValue(value))
        .build();
  }

  public static KeyValue number(String key, long value) {
    return KeyValue.newBuilder()
        .setKey(key)
        .setValue(AnyValue.newBuilder().setIntValue(value))
        .build();
  }
}
