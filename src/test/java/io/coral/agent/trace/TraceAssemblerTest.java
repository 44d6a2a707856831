package io.coral.agent.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.Cause;
import io.coral.model.ColumnBatch;
import io.coral.model.Endpoint;
import io.coral.model.Evidence;
import io.coral.model.Exchange;
import io.coral.model.HttpRequestHead;
import io.coral.model.ProcessDirectory;
import io.coral.model.Role;
import io.coral.model.RoutedExchange;
import io.coral.model.ServiceName;
import io.coral.model.StreamSchema;
import io.coral.model.TraceContext;
import io.coral.telemetry.Figures;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class TraceAssemblerTest {
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1000 * MILLI;
  private static final long T0 = 1_000_000 * SECOND;
  private static final int FRONT = 10;
  private static final int BACK = 20;
  private static final TraceContext HEADER = new TraceContext(7, 8, 9, true);

  private final Map<Integer, String> runtimes = new HashMap<>();
  private final Figures figures = new Figures();
  private final SpanRows spans = new SpanRows(1, 1_000_000, "{}", new LongAdder(), new LongAdder());
  private final TraceAssembler assembler =
      new TraceAssembler(new Directory(), spans, new SplittableRandom(1), figures);
  private final List<Span> written = new ArrayList<>();
  private final List<Alias> aliases = new ArrayList<>();
  private long now = 5 * SECOND;

  private record Span(String trace, long id, long parent, String name, String evidence) {}

  private record Alias(String from, String to, long span, long parent, String evidence) {}

  /// An exchange in the making.
  private static final class Call {
    final int process;
    final Role role;
    final String path;
    int thread = 1;
    long goroutine;
    long connection;
    int ordinal = 1;
    long startMillis;
    long endMillis;
    int clientPort = 40_000;
    int clientHost = 1;
    int sequence;
    Cause cause = Cause.UNKNOWN;
    @Nullable TraceContext header;

    Call(int process, Role role, String path, long startMillis, long endMillis) {
      this.process = process;
      this.role = role;
      this.path = path;
      this.startMillis = startMillis;
      this.endMillis = endMillis;
    }

    Call on(int itsThread) {
      thread = itsThread;
      return this;
    }

    Call goroutine(long id) {
      goroutine = id;
      return this;
    }

    Call connection(long id, int itsOrdinal) {
      connection = id;
      ordinal = itsOrdinal;
      return this;
    }

    Call link(int port, int seq) {
      clientPort = port;
      sequence = seq;
      return this;
    }

    Call from(int host) {
      clientHost = host;
      return this;
    }

    Call read(int order) {
      cause = new Cause(order, 0, 0, false, false, 0, 0, false);
      return this;
    }

    Call readButAnsweredElsewhere(int order) {
      cause = new Cause(order, 0, 0, false, false, 0, 0, true);
      return this;
    }

    Call causedBy(long parentConnection, int parentOrdinal, boolean fresh) {
      cause = new Cause(0, parentConnection, parentOrdinal, fresh, fresh, 0, 0, false);
      return this;
    }

    Call calledFrom(long caller, long callerParent) {
      cause = new Cause(0, 0, 0, false, false, caller, callerParent, false);
      return this;
    }

    Call header(TraceContext context) {
      header = context;
      return this;
    }

    RoutedExchange build() {
      Endpoint client = new Endpoint(4, (long) clientHost << 32, 0, clientPort);
      Endpoint server = new Endpoint(4, 99L << 32, 0, 80);
      boolean serves = role == Role.SERVER;
      return new RoutedExchange(
          new Exchange(
              T0 + startMillis * MILLI,
              0,
              (endMillis - startMillis) * MILLI,
              process,
              thread,
              goroutine,
              role,
              new HttpRequestHead("GET", path, "h", header),
              200,
              1,
              1,
              serves ? server : client,
              serves ? client : server,
              sequence,
              connection,
              ordinal,
              cause,
              false),
          "service-" + process,
          path,
          "peer");
    }
  }

  private final class Directory implements ProcessDirectory {
    @Override
    public ServiceName serviceOf(int processId) {
      return ServiceName.UNKNOWN;
    }

    @Override
    public String runtimeOf(int processId) {
      return runtimes.getOrDefault(processId, "native");
    }

    @Override
    public void forked(int processId, int parentId) {}

    @Override
    public void executed(int processId) {}

    @Override
    public void exited(int processId) {}

    @Override
    public void counted(int processId, long exchanges, long lastUnixNanos) {}
  }

  private static Call server(int process, String path, long start, long end) {
    return new Call(process, Role.SERVER, path, start, end);
  }

  private static Call client(int process, String path, long start, long end) {
    return new Call(process, Role.CLIENT, path, start, end);
  }

  private void add(Call... calls) {
    for (Call call : calls) {
      assembler.add(call.build(), now);
    }
  }

  private void pass(long millis) {
    for (long passed = 0; passed < millis; passed += 250) {
      now += 250 * MILLI;
      assembler.advance(now);
    }
    collect();
  }

  private void collect() {
    ColumnBatch rows = spans.flush();
    String[] names = rows.texts(4);
    String[] evidence = rows.texts(column("evidence"));
    for (int i = 0; i < rows.rows(); i++) {
      written.add(
          new Span(
              rows.uuids(0)[2 * i] + "." + rows.uuids(0)[2 * i + 1],
              rows.longs(1)[i],
              rows.longs(2)[i],
              names[i] + (rows.longs(5)[i] == Role.SERVER.code() ? " <" : " >"),
              evidence[i]));
    }
    ColumnBatch joined = assembler.flushAliases();
    for (int i = 0; i < joined.rows(); i++) {
      aliases.add(
          new Alias(
              joined.uuids(0)[2 * i] + "." + joined.uuids(0)[2 * i + 1],
              joined.uuids(1)[2 * i] + "." + joined.uuids(1)[2 * i + 1],
              joined.longs(2)[i],
              joined.longs(3)[i],
              joined.texts(4)[i]));
    }
  }

  private static int column(String name) {
    return StreamSchema.TRACES.columns().stream()
        .map(StreamSchema.Column::name)
        .toList()
        .indexOf(name);
  }

  private Span span(String name) {
    return written.stream()
        .filter(span -> span.name.equals("GET " + name))
        .findFirst()
        .orElseThrow();
  }

  private void assertChild(String child, String parent, Evidence evidence) {
    assertThat(span(child).parent).as("parent of %s", child).isEqualTo(span(parent).id);
    assertThat(span(child).trace).isEqualTo(span(parent).trace);
    assertThat(span(child).evidence).isEqualTo(evidence.text());
  }

  private void assertRoot(String name, Evidence evidence) {
    assertThat(span(name).parent).as("parent of %s", name).isZero();
    assertThat(span(name).evidence).isEqualTo(evidence.text());
  }

  @Test
  void chainOfThreads_calleesFirst_isOneTrace() {
    add(
        server(BACK, "/b", 22, 28).connection(2, 1).link(41_000, 500).read(1),
        client(FRONT, "/b", 21, 29).causedBy(1, 1, true).link(41_000, 500),
        server(FRONT, "/a", 20, 30).connection(1, 1).link(40_000, 300).read(1));
    pass(2000);
    assertRoot("/a <", Evidence.NONE);
    assertChild("/b >", "/a <", Evidence.THREAD);
    assertChild("/b <", "/b >", Evidence.TCP_SEQ);
    assertThat(aliases).isEmpty();
  }

  @Test
  void callAfterTheAnswer_belongsToTheRequestReadLast() {
    add(
        server(FRONT, "/a", 20, 30).connection(1, 1).read(1),
        client(FRONT, "/later", 31, 40).causedBy(1, 1, false).link(1, 9));
    pass(2000);
    assertChild("/later >", "/a <", Evidence.THREAD);
  }

  @Test
  void eventLoop_twoRequestsOpen_isAmbiguous() {
    add(
        server(FRONT, "/a", 20, 50).connection(1, 1).read(1),
        server(FRONT, "/b", 25, 60).connection(2, 1).read(2).link(2, 2),
        client(FRONT, "/call", 30, 40).causedBy(2, 1, true).link(3, 3));
    pass(12_000);
    assertRoot("/call >", Evidence.AMBIGUOUS);
  }

  @Test
  void eventLoop_earlierRequestStillOpen_isAmbiguous() {
    add(
        server(FRONT, "/b", 25, 60).connection(2, 1).read(2),
        client(FRONT, "/call", 30, 40).causedBy(2, 1, true).link(3, 3));
    pass(12_000);
    assertRoot("/call >", Evidence.AMBIGUOUS);
  }

  @Test
  void proxy_manyOpen_takesTheRequestReadBeforeItConnected() {
    runtimes.put(FRONT, "proxy");
    add(
        server(FRONT, "/a", 20, 50).connection(1, 1).read(1),
        server(FRONT, "/b", 25, 60).connection(2, 1).read(2).link(2, 2),
        client(FRONT, "/for-b", 30, 40).causedBy(2, 1, true).link(3, 3),
        client(FRONT, "/kept", 31, 41).causedBy(2, 1, false).link(4, 4));
    pass(12_000);
    assertChild("/for-b >", "/b <", Evidence.CONNECT_TIME);
    assertRoot("/kept >", Evidence.AMBIGUOUS);
  }

  @Test
  void processThatAnswersOnOtherThreads_isNeverJoinedByThread() {
    add(
        server(FRONT, "/a", 20, 50).connection(1, 1).readButAnsweredElsewhere(1),
        client(FRONT, "/call", 30, 40).causedBy(1, 1, true).link(3, 3));
    pass(2000);
    assertRoot("/call >", Evidence.AMBIGUOUS);
  }

  @Test
  void goroutines_callerAndItsChild_belongToTheRequestTheyServe() {
    runtimes.put(FRONT, "go");
    add(
        server(FRONT, "/a", 20, 50).connection(1, 1).goroutine(77),
        server(FRONT, "/b", 21, 51).connection(2, 1).goroutine(78).link(2, 2),
        client(FRONT, "/direct", 30, 40).calledFrom(77, 1).link(3, 3),
        client(FRONT, "/fan-out", 31, 41).calledFrom(99, 78).link(4, 4),
        client(FRONT, "/other", 31, 41).calledFrom(55, 1).link(5, 5));
    pass(12_000);
    assertChild("/direct >", "/a <", Evidence.GOROUTINE);
    assertChild("/fan-out >", "/b <", Evidence.GOROUTINE);
    assertRoot("/other >", Evidence.AMBIGUOUS);
  }

  @Test
  void addressTranslation_oneThatFits_isJoined() {
    add(
        server(BACK, "/b", 22, 28).link(61_000, 500).from(7),
        client(FRONT, "/b", 21, 29).link(41_000, 500));
    pass(2000);
    assertChild("/b <", "/b >", Evidence.TCP_SEQ);
  }

  @Test
  void sameSequence_otherRequest_isNotJoined() {
    add(
        server(BACK, "/b", 22, 28).link(41_000, 500),
        client(FRONT, "/c", 21, 29).link(41_000, 500),
        client(FRONT, "/b", 121, 129).link(41_000, 500));
    pass(2000);
    assertRoot("/b <", Evidence.NONE);
  }

  @Test
  void header_ofAnSdkInTheMiddle_namesTheWholeTrace() {
    add(
        server(BACK, "/b", 22, 28).link(41_000, 500).header(HEADER),
        client(FRONT, "/b", 21, 29).link(41_000, 500).causedBy(1, 1, true).header(HEADER),
        server(FRONT, "/a", 20, 30).connection(1, 1).link(40_000, 300).read(1));
    pass(2000);
    assertThat(span("/a <").trace).isEqualTo("7.8");
    assertThat(span("/b >").id).isEqualTo(9);
    assertChild("/b >", "/a <", Evidence.THREAD);
    assertChild("/b <", "/b >", Evidence.TRACEPARENT);
  }

  @Test
  void header_fromAnUnseenClient_namesTraceAndParent() {
    add(server(FRONT, "/a", 20, 30).header(HEADER));
    pass(2000);
    assertThat(span("/a <"))
        .isEqualTo(new Span("7.8", span("/a <").id, 9, "GET /a <", "traceparent"));
  }

  @Test
  void header_passedOnByAProxy_isAHopOfItsOwn() {
    runtimes.put(FRONT, "proxy");
    add(
        server(BACK, "/b", 22, 28).link(41_000, 500).header(HEADER),
        client(FRONT, "/b", 21, 29).link(41_000, 500).header(HEADER),
        server(FRONT, "/a", 20, 30).link(40_000, 300).header(HEADER));
    pass(2000);
    assertThat(span("/a <").parent).isEqualTo(9);
    assertThat(span("/b >").id).isNotEqualTo(9);
    assertChild("/b >", "/a <", Evidence.TRACEPARENT);
    assertChild("/b <", "/b >", Evidence.TRACEPARENT);
  }

  @Test
  void callerThatEndsMuchLater_leavesAnAlias() {
    add(
        server(BACK, "/b", 22, 28).link(41_000, 500).read(1),
        client(FRONT, "/b", 21, 29).causedBy(1, 1, true).link(41_000, 500));
    pass(12_000);
    Span call = span("/b >");
    assertChild("/b <", "/b >", Evidence.TCP_SEQ);
    add(server(FRONT, "/a", 20, 20_000).connection(1, 1).link(40_000, 300).read(1));
    pass(2000);
    assertThat(aliases)
        .containsExactly(
            new Alias(call.trace, span("/a <").trace, call.id, span("/a <").id, "thread"));
  }

  @Test
  void goroutine_firstRequestEndsMuchLater_leavesAnAlias() {
    add(client(FRONT, "/b", 21, 29).calledFrom(77, 1).link(41_000, 500));
    pass(2000);
    Span call = span("/b >");
    add(server(FRONT, "/a", 20, 3000).connection(1, 1).goroutine(77).link(40_000, 300));
    pass(2000);
    assertThat(aliases)
        .containsExactly(
            new Alias(call.trace, span("/a <").trace, call.id, span("/a <").id, "goroutine"));
  }

  @Test
  void clientThatComesMuchLater_leavesAnAlias() {
    add(server(BACK, "/b", 22, 28).link(41_000, 500).read(1));
    pass(2000);
    Span served = span("/b <");
    add(client(FRONT, "/b", 21, 3000).link(41_000, 500));
    pass(2000);
    assertThat(aliases)
        .containsExactly(
            new Alias(served.trace, span("/b >").trace, served.id, span("/b >").id, "tcp-seq"));
  }

  @Test
  void overload_holdsNoMoreThanItMay_andCountsTheRest() {
    int sent = 200_000;
    for (int i = 0; i < sent; i++) {
      int service = FRONT + i % 100;
      add(server(service, "/a", i, i + 1).connection(i, 1).link(i & 0xffff, i));
      assertThat(assembler.size()).isLessThanOrEqualTo(TraceAssembler.MAX_NODES);
    }
    pass(20_000);
    assertThat(written.size() + unassembled("over_capacity")).isEqualTo(sent);
    assertThat(assembler.size()).isZero();
  }

  @Test
  void serviceAboveItsRate_isThinnedAndTheRestCounted() {
    int sent = 50_000;
    for (int i = 0; i < sent; i++) {
      add(server(FRONT, "/a", i, i + 1).connection(i, 1).link(i & 0xffff, i));
    }
    add(server(BACK, "/other", 1, 2).connection(7, 1).link(1, 1));
    pass(20_000);
    long thinned = unassembled("over_rate");
    assertThat(written.size() + thinned).isEqualTo(sent + 1);
    assertThat(sent - thinned).isBetween(ServiceRates.MOST * 1L, ServiceRates.MOST * 2L);
    assertThat(span("/other <").evidence).isEmpty();
  }

  private long unassembled(String reason) {
    return figures
        .all()
        .getOrDefault("coral_spans_unassembled_total{reason=\"" + reason + "\"}", 0L);
  }

  @Test
  void finish_writesEverything() {
    add(
        server(BACK, "/b", 22, 28).link(41_000, 500).read(1),
        client(FRONT, "/b", 21, 29).causedBy(1, 1, true).link(41_000, 500),
        server(FRONT, "/a", 20, 30).connection(1, 1).link(40_000, 300).read(1));
    assembler.finish();
    collect();
    assertThat(written).hasSize(3);
    assertChild("/b >", "/a <", Evidence.THREAD);
  }

  @Test
  void randomForest_everySpanIsWrittenOnceWithItsParent() {
    SplittableRandom random = new SplittableRandom(42);
    Map<String, String> parents = new HashMap<>();
    List<Call> calls = new ArrayList<>();
    for (int trace = 0; trace < 500; trace++) {
      long start = trace * 20L;
      String root = "/r" + trace;
      calls.add(server(FRONT, root, start, start + 15).connection(1000 + trace, 1).read(trace + 1));
      calls.getLast().link(trace, 1_000_000 + trace);
      int fanOut = random.nextInt(1, 6);
      for (int i = 0; i < fanOut; i++) {
        String path = root + "-" + i;
        int sequence = trace * 10 + i;
        long at = start + 1 + 2L * i;
        calls.add(
            client(FRONT, path, at, at + 2).causedBy(1000 + trace, 1, true).link(i, sequence));
        calls.add(server(BACK, path, at, at + 1).on(i).link(i, sequence));
        parents.put("GET " + path + " >", "GET " + root + " <");
        parents.put("GET " + path + " <", "GET " + path + " >");
      }
    }
    for (Call call : calls) {
      add(call);
    }
    pass(3000);
    Map<Long, String> names = new HashMap<>();
    written.forEach(span -> names.put(span.id, span.name));
    assertThat(written).hasSameSizeAs(calls);
    Set<String> traces = new HashSet<>();
    for (Span span : written) {
      traces.add(span.trace);
      assertThat(names.getOrDefault(span.parent, ""))
          .isEqualTo(parents.getOrDefault(span.name, ""));
    }
    assertThat(traces).hasSize(500);
  }
}
