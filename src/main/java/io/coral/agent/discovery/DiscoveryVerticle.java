package io.coral.agent.discovery;

import io.coral.bus.Targets;
import io.coral.model.GoLayout;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.model.ProcessDirectory;
import io.coral.model.ServiceName;
import io.coral.model.TargetChange;
import io.coral.telemetry.Audit;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.WorkerExecutor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop for its timer; scans run one at a time on the worker thread `coral-discovery`, every
/// 3 s while there are rules, and at once when a rule is added or a followed process runs another
/// binary.
public final class DiscoveryVerticle extends VerticleBase implements Discovery {
  private static final Logger LOG = LoggerFactory.getLogger(DiscoveryVerticle.class);
  private static final long SCAN_MILLIS = 3000;
  private static final Pattern OWN_JAR = Pattern.compile("-jar (\\S*/)?coral\\.jar( |$)");

  private final Targets targets;
  private final String collector;
  private final List<RuleMatcher> rules;
  private final ProcReader reader;
  private final ProcessTable table = new ProcessTable(System::nanoTime);
  private final int ownProcessId;
  private final AtomicBoolean scanWanted = new AtomicBoolean();
  private WorkerExecutor worker;

  /// @param collector who observes what is selected, for the audit
  /// @param ownProcessId the agent's, never observed
  public DiscoveryVerticle(
      Targets targets,
      List<ObserveRule> rules,
      String collector,
      Path proc,
      int ownProcessId,
      Figures figures) {
    this.collector = collector;
    this.targets = targets;
    this.rules = new CopyOnWriteArrayList<>(rules.stream().map(RuleMatcher::new).toList());
    this.reader = new ProcReader(proc);
    this.ownProcessId = ownProcessId;
    figures.gauge("coral_observed_processes", () -> table.observed().size());
  }

  @Override
  public Future<?> start() {
    worker = vertx.createSharedWorkerExecutor("coral-discovery", 1);
    table.onExec(this::scanSoon);
    vertx.setPeriodic(
        SCAN_MILLIS,
        _ -> {
          table.purge();
          if (!rules.isEmpty()) {
            scanSoon();
          }
        });
    return rules.isEmpty() ? Future.succeededFuture() : scan();
  }

  private void scanSoon() {
    if (scanWanted.compareAndSet(false, true)) {
      context.runOnContext(
          _ -> {
            scanWanted.set(false);
            scan().onFailure(failure -> LOG.warn("scanning /proc failed", failure));
          });
    }
  }

  private Future<List<ObservedProcess>> scan() {
    return onWorker(this::applyRules)
        .compose(changes -> Future.all(changes.stream().map(targets::apply).toList()))
        .map(_ -> table.observed());
  }

  private <T> Future<T> onWorker(Callable<T> work) {
    return worker.executeBlocking(work, true);
  }

  private List<TargetChange> applyRules() {
    List<TargetChange> changes = new ArrayList<>();
    Map<Integer, ObservedProcess> processes = candidates();
    for (ObservedProcess process : processes.values()) {
      ObserveRule rule = ruleFor(process);
      ObservedProcess before = table.observedProcess(process.processId());
      if (rule == null || (before != null && before.startTicks() == process.startTicks())) {
        continue;
      }
      boolean followed = before != null && before.startTicks() == 0;
      ServiceName name =
          ServiceNamer.name(
              process,
              rule.name(),
              reader.environment(process.processId()),
              reader.controlGroups(process.processId()));
      GoLayout go = reader.goLayout(process);
      table.observe(process.selected(name, rule.text(), go));
      Audit.log(
          "attached",
          "collector",
          collector,
          "pid",
          process.processId(),
          "exe",
          process.exePath(),
          "service",
          name.name(),
          "rule",
          rule.text());
      if (!followed) {
        LOG.info(
            "observing pid {} ({}) as {} (name from: {})",
            process.processId(),
            process.exeName(),
            name.name(),
            name.source());
        if (process.runtime().equals("go") && !go.hasProbes()) {
          LOG.info(
              "pid {} ({}): no net/http client that can be probed, its calls tell no caller",
              process.processId(),
              process.exeName());
        }
      }
      changes.add(new TargetChange(process.processId(), true, go));
    }
    for (ObservedProcess process : table.observed()) {
      if (!processes.containsKey(process.processId())) {
        table.release(process.processId());
      }
    }
    return changes;
  }

  /// The processes that a rule may select: those with the pids that are named, or all of them.
  private Map<Integer, ObservedProcess> candidates() {
    boolean ports = rules().stream().anyMatch(rule -> !rule.openPorts().isEmpty());
    if (rules().stream().anyMatch(rule -> rule.processId() == 0)) {
      return reader.scan(ports);
    }
    Set<Integer> named = new HashSet<>();
    rules().forEach(rule -> named.add(rule.processId()));
    table.observed().forEach(process -> named.add(process.processId()));
    return reader.read(named);
  }

  private @Nullable ObserveRule ruleFor(ObservedProcess process) {
    if (!refusal(process.processId()).isEmpty()) {
      return null;
    }
    for (RuleMatcher each : rules) {
      boolean own = each.rule().selectsAll() && isCoral(process);
      if (!own && each.selects(process, () -> reader.pod(process.processId()))) {
        return each.rule();
      }
    }
    return null;
  }

  /// Whether it is another role of Coral, which only a rule of its own selects.
  private static boolean isCoral(ObservedProcess process) {
    return process.runtime().equals("java") && OWN_JAR.matcher(process.command()).find();
  }

  @Override
  public ProcessDirectory directory() {
    return table;
  }

  @Override
  public Future<List<ObservedProcess>> connect(ObserveRule rule) {
    List<ObserveRule> known = rules();
    if (!known.contains(rule)) {
      // Before the rule that selects everything, which would take its processes.
      int end = known.indexOf(ObserveRule.ALL);
      rules.add(end < 0 ? known.size() : end, new RuleMatcher(rule));
    }
    return scan()
        .map(
            observed ->
                observed.stream()
                    .filter(process -> process.selectedBy().equals(rule.text()))
                    .toList());
  }

  @Override
  public Future<Boolean> disconnect(String serviceName) {
    List<ObserveRule> gone =
        rules().stream().filter(rule -> rule.name().equals(serviceName)).toList();
    rules.removeIf(each -> gone.contains(each.rule()));
    List<String> texts = gone.stream().map(ObserveRule::text).toList();
    for (ObservedProcess process : new ArrayList<>(table.observed())) {
      if (texts.contains(process.selectedBy())) {
        targets.apply(new TargetChange(process.processId(), false, GoLayout.NONE));
        table.release(process.processId());
      }
    }
    return Future.succeededFuture(!gone.isEmpty());
  }

  @Override
  public List<ObserveRule> rules() {
    return rules.stream().map(RuleMatcher::rule).toList();
  }

  @Override
  public List<ObservedProcess> observed() {
    return table.observed();
  }

  @Override
  public Future<Map<Integer, ObservedProcess>> all() {
    return onWorker(() -> reader.scan(true));
  }

  @Override
  public long[] seen(int processId) {
    ProcessTable.Seen seen = table.seen(processId);
    return new long[] {seen.exchanges(), seen.lastUnixNanos()};
  }

  @Override
  public String refusal(int processId) {
    if (processId <= 1) {
      return "pid " + processId + " is never observed";
    }
    return processId == ownProcessId ? "this is the agent itself" : "";
  }

  @Override
  public Future<?> stop() {
    return worker.close();
  }
}
