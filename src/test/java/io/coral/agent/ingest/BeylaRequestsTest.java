package io.coral.agent.ingest;

import static io.coral.otlp.BeylaPayloads.cumulative;
import static io.coral.otlp.BeylaPayloads.exponential;
import static io.coral.otlp.BeylaPayloads.exponentialPoint;
import static io.coral.otlp.BeylaPayloads.metric;
import static io.coral.otlp.BeylaPayloads.point;
import static io.coral.otlp.BeylaPayloads.request;
import static io.coral.otlp.BeylaPayloads.resource;
import static io.coral.otlp.BeylaPayloads.scope;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coral.histogram.Bounds;
import io.coral.histogram.LatencyHistogram;
import io.coral.model.ColumnBatch;
import io.coral.model.ObservedRequests.Counted;
import io.coral.model.RequestKind;
import io.coral.model.Role;
import io.coral.otlp.MalformedPayloadException;
import io.coral.otlp.MetricDecoder;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.metrics.v1.AggregationTemporality;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class BeylaRequestsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long START = 1_795_262_400L * SECOND;
  private static final String SERVER = "http.server.request.duration";
  private static final Map<String, Object> CHARGE =
      Map.of(
          "http.request.method", "POST", "http.route", "/charge", "http.response.status_code", 503);

  private final MetricDecoder decoder = new MetricDecoder(Clock.systemUTC());
  private final BeylaRequests requests = new BeylaRequests();

  private BeylaRequests.Told take(ExportMetricsServiceRequest payload)
      throws MalformedPayloadException {
    BeylaRequests.Reading reading = read(payload);
    reading.taken();
    return reading.told();
  }

  private BeylaRequests.Reading read(ExportMetricsServiceRequest payload)
      throws MalformedPayloadException {
    byte[] bytes = payload.toByteArray();
    ColumnBatch points = decoder.decode(bytes, 0, bytes.length).batch();
    return requests.read(points, START);
  }

  private List<Counted> counted(ExportMetricsServiceRequest payload)
      throws MalformedPayloadException {
    return take(payload).requests().counted();
  }

  private static long total(Counted counted) {
    return Arrays.stream(counted.histogram()).asLongStream().sum();
  }

  /// How many took longer.
  private static long above(Counted counted, double seconds) {
    long above = 0;
    for (int i = 0; i < counted.histogram().length; i++) {
      boolean longer =
          Bounds.lowerNanos(counted.histogramOffset() + i) >= Math.round(seconds * SECOND);
      above += longer ? counted.histogram()[i] : 0;
    }
    return above;
  }

  @Test
  void firstPoint_countsFromItsStart_inSecondsWithStatusAndTheOnesAboveTheLastBound()
      throws Exception {
    Counted counted =
        counted(
                request(
                    "payments",
                    cumulative(
                        SERVER, point(CHARGE, START, START + 10 * SECOND, 0.004, 0.2, 12, 40))))
            .getFirst();
    assertThat(counted.kind()).isEqualTo(RequestKind.HTTP);
    assertThat(counted.role()).isEqualTo(Role.SERVER);
    assertThat(counted.service()).isEqualTo("payments");
    assertThat(counted.method() + " " + counted.route()).isEqualTo("POST /charge");
    assertThat(counted.status()).isEqualTo(503);
    assertThat(counted.failed()).isTrue();
    assertThat(counted.durationNanos()).isEqualTo(52_204_000_000L);
    assertThat(total(counted)).isEqualTo(4);
    assertThat(above(counted, 0.005)).isEqualTo(3);
    assertThat(above(counted, 0.1)).isEqualTo(3);
    assertThat(above(counted, 0.25)).isEqualTo(2);
    assertThat(above(counted, 10)).isEqualTo(2);
  }

  @Test
  void status_thatIsText_isTheNumber() throws Exception {
    Counted counted =
        counted(
                request(
                    "payments",
                    cumulative(
                        SERVER,
                        point(
                            Map.of("http.method", "GET", "http.status_code", "404"),
                            START,
                            START + SECOND,
                            1))))
            .getFirst();
    assertThat(counted.status()).isEqualTo(404);
    assertThat(counted.failed()).isFalse();
  }

  @Test
  void laterPoint_countsWhatCameSince() throws Exception {
    counted(request("a", cumulative(SERVER, point(CHARGE, START, START + SECOND, 0.2, 0.3))));
    List<Counted> more =
        counted(
            request(
                "a", cumulative(SERVER, point(CHARGE, START, START + 2 * SECOND, 0.2, 0.3, 11))));
    assertThat(more).hasSize(1);
    assertThat(total(more.getFirst())).isEqualTo(1);
    assertThat(above(more.getFirst(), 10)).isEqualTo(1);
    assertThat(more.getFirst().durationNanos()).isEqualTo(11 * SECOND);
    assertThat(more.getFirst().endUnixNanos()).isEqualTo(START + 2 * SECOND - 1);
    List<Counted> nothing =
        counted(
            request(
                "a", cumulative(SERVER, point(CHARGE, START, START + 3 * SECOND, 0.2, 0.3, 11))));
    assertThat(nothing).isEmpty();
  }

  @Test
  void pointWithAnotherStart_beginsAnew() throws Exception {
    counted(request("a", cumulative(SERVER, point(CHARGE, START, START + SECOND, 0.2, 0.3))));
    List<Counted> anew =
        counted(
            request(
                "a",
                cumulative(
                    SERVER, point(CHARGE, START + SECOND, START + 2 * SECOND, 0.2, 0.3, 0.4))));
    assertThat(total(anew.getFirst())).isEqualTo(3);
  }

  @Test
  void series_thatWasMissingFromAReport_beginsAnewThoughItsStartIsTheSame() throws Exception {
    Map<String, Object> refund = Map.of("http.request.method", "POST", "http.route", "/refund");
    counted(
        request(
            "a",
            cumulative(
                SERVER,
                point(CHARGE, START, START + SECOND, 0.2),
                point(refund, START, START + SECOND, 0.2))));
    counted(request("a", cumulative(SERVER, point(refund, START, START + 2 * SECOND, 0.2))));
    List<Counted> back =
        counted(
            request(
                "a",
                cumulative(
                    SERVER,
                    point(CHARGE, START, START + 3 * SECOND, 0.2, 0.2),
                    point(refund, START, START + 3 * SECOND, 0.2, 0.2))));
    assertThat(back).extracting(BeylaRequestsTest::total).containsExactly(2L, 1L);
  }

  @Test
  void report_inSeveralPayloads_isOne() throws Exception {
    Map<String, Object> refund = Map.of("http.request.method", "POST", "http.route", "/refund");
    for (int i = 1; i <= 3; i++) {
      double[] seconds = new double[i];
      long time = START + i * SECOND;
      for (Map<String, Object> each : List.of(CHARGE, refund)) {
        List<Counted> counted =
            counted(request("a", cumulative(SERVER, point(each, START, time, seconds))));
        assertThat(counted).extracting(BeylaRequestsTest::total).containsExactly(1L);
      }
    }
  }

  @Test
  void point_thatComesAgain_isNotCountedAgain() throws Exception {
    ExportMetricsServiceRequest payload =
        request("a", cumulative(SERVER, point(CHARGE, START, START + SECOND, 0.2)));
    assertThat(counted(payload)).hasSize(1);
    BeylaRequests.Told told = take(payload);
    assertThat(told.requests().counted()).isEmpty();
    assertThat(told.repeated()).isEqualTo(1);
  }

  @Test
  void payload_thatWasNotTaken_isCountedWhenItComesAgain() throws Exception {
    ExportMetricsServiceRequest payload =
        request("a", cumulative(SERVER, point(CHARGE, START, START + SECOND, 0.2)));
    assertThat(read(payload).told().requests().counted()).hasSize(1);
    assertThat(counted(payload)).hasSize(1);
  }

  @Test
  void deltas_areTakenAsTheyAre() throws Exception {
    AggregationTemporality delta = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA;
    for (int i = 0; i < 3; i++) {
      long from = START + i * SECOND;
      List<Counted> counted =
          counted(
              request("a", metric(SERVER, delta, point(CHARGE, from, from + SECOND, 0.2, 0.3))));
      assertThat(total(counted.getFirst())).isEqualTo(2);
    }
  }

  @Test
  void exponentialHistogram_whoseScaleFalls_countsWhatCameSince() throws Exception {
    counted(
        request(
            "a",
            exponential(SERVER, exponentialPoint(CHARGE, 5, START, START + SECOND, 0.2, 0.21))));
    Counted more =
        counted(
                request(
                    "a",
                    exponential(
                        SERVER,
                        exponentialPoint(
                            CHARGE, 3, START, START + 2 * SECOND, 0.2, 0.21, 0.001, 30, 30.1))))
            .getFirst();
    assertThat(total(more)).isEqualTo(3);
    LatencyHistogram durations = new LatencyHistogram();
    durations.merge(more.histogramOffset(), more.histogram());
    assertThat(durations.quantileNanos(0.99) / 1e9).isCloseTo(30, within(3.0));
    assertThat(durations.quantileNanos(0.01) / 1e9).isCloseTo(0.001, within(0.0002));
  }

  @Test
  void metricsOfEachKind_areTheirRequests() throws Exception {
    long at = START + SECOND;
    List<Counted> counted =
        counted(
            request(
                "shop",
                cumulative(
                    "http.client.request.duration",
                    point(
                        Map.of(
                            "http.request.method",
                            "GET",
                            "http.response.status_code",
                            404,
                            "server.address",
                            "10.0.0.9",
                            "server.port",
                            8080),
                        START,
                        at,
                        0.1)),
                cumulative(
                    "rpc.server.duration",
                    point(
                        Map.of(
                            "rpc.system",
                            "grpc",
                            "rpc.method",
                            "/pay.Payments/Charge",
                            "rpc.grpc.status_code",
                            14),
                        START,
                        at,
                        0.1)),
                cumulative(
                    "db.client.operation.duration",
                    point(
                        Map.of(
                            "db.system.name",
                            "postgresql",
                            "db.operation.name",
                            "SELECT",
                            "db.collection.name",
                            "orders"),
                        START,
                        at,
                        0.1)),
                cumulative(
                    "messaging.publish.duration",
                    point(
                        Map.of(
                            "messaging.system",
                            "kafka",
                            "messaging.operation.type",
                            "publish",
                            "messaging.destination.name",
                            "orders"),
                        START,
                        at,
                        0.1)),
                cumulative(
                    "messaging.process.duration",
                    point(
                        Map.of(
                            "messaging.system",
                            "kafka",
                            "messaging.operation.type",
                            "process",
                            "messaging.destination.name",
                            "orders"),
                        START,
                        at,
                        0.1))));
    assertThat(counted)
        .extracting(
            each ->
                String.join(
                    " ",
                    each.kind().name(),
                    each.role().label(),
                    each.system(),
                    each.method(),
                    each.route(),
                    "" + each.status(),
                    each.peer(),
                    "" + each.failed()))
        .containsExactly(
            "HTTP client http GET  404 10.0.0.9:8080 true",
            "GRPC server grpc /pay.Payments/Charge  14  true",
            "SQL client postgresql SELECT orders -1  false",
            "MESSAGING producer kafka publish orders -1  false",
            "MESSAGING consumer kafka process orders -1  false");
  }

  @Test
  void whatIsNotOfBeyla_orNoRequest_isKeptApart() throws Exception {
    BeylaRequests.Told told =
        take(
            request(
                resource("app", "opentelemetry"),
                scope("io.opentelemetry.netty-4.1"),
                cumulative(SERVER, point(CHARGE, START, START + SECOND, 0.2))));
    assertThat(told.requests().counted()).isEmpty();
    assertThat(told.rejected()).isEqualTo(1);
    assertThat(told.message()).startsWith("metrics of an application (expected: ");
    told =
        take(
            request(
                "app",
                cumulative(
                    "http.server.request.body.size", point(CHARGE, START, START + SECOND, 200))));
    assertThat(told.requests().counted()).isEmpty();
    assertThat(told.others()).isEqualTo(1);
    assertThat(told.rejected()).isZero();
  }
}
