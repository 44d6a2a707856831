package io.coral.colony.cluster;

import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Some hours of a colony of three nodes: faults of every kind, several at a time, then quiet until
/// everything is whole, and again. Questions all the while, whose answers the ledger checks.
final class SimScenario {
  private static final List<String> STREAMS =
      List.of(StreamSchema.SPANS.name(), StreamSchema.HTTP_METRICS.name());

  /// For messages that are under way, and nodes that are found to be silent.
  private static final long SLACK = 8 * SimWorld.SECOND;

  private static final long ALLOWANCE = SimNode.FRESHNESS.toNanos() + SLACK;
  private static final long LIVED = 30 * SimWorld.SECOND;
  private static final long STABLE = 10 * SimWorld.SECOND;
  private static final long COMES_TO_BE_KNOWN = 5 * SimWorld.SECOND;
  private static final long HEALS_WITHIN = 10 * SimWorld.MINUTE;
  private static final Pattern EXPIRED =
      Pattern.compile(
          "(\\d+) rows of (\\w+) (?:expired at agent|were found by|of agent) ([^ ,]+),? .*");
  private static final Pattern ONLY_AT = Pattern.compile("(\\S+): (.*) are only at .*");
  private static final Pattern ROWS = Pattern.compile("(\\d+) rows of (\\w+)");

  final SimWorld world;
  private final SimLedger ledger = new SimLedger();
  private final Map<String, SimNode> nodes = new LinkedHashMap<>();
  private final Map<String, SimAgent> agents = new LinkedHashMap<>();
  private final Map<String, Map<SimLedger.Log, SeqRanges>> everSeen = new HashMap<>();
  private final Map<String, Integer> seenInLife = new HashMap<>();
  private final Map<String, Long> cutOrHealed = new HashMap<>();
  private final long keepNanos;
  private boolean faulty;
  private boolean diskIsLost;
  private final Map<String, Long> wronglyLost = new HashMap<>();
  private boolean asking;
  private long answers;

  /// What must not be.
  static final class ViolationException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ViolationException(String message) {
      super(message);
    }
  }

  SimScenario(long seed, boolean plantedBug) {
    world = new SimWorld(seed);
    keepNanos = world.any(List.of(4L, 10L, 20L)) * SimWorld.MINUTE;
    for (String name : List.of("n1", "n2", "n3")) {
      nodes.put(name, new SimNode(name, world, ledger, nodes, agents, plantedBug));
    }
    long pause = world.between(SimWorld.SECOND, 8 * SimWorld.SECOND);
    int count = 2 + world.random.nextInt(3);
    for (int i = 1; i <= count; i++) {
      List<SimNode> order = new ArrayList<>(nodes.values());
      Collections.shuffle(order, world.random);
      String id = "a" + i;
      agents.put(id, new SimAgent(id, world, ledger, STREAMS, keepNanos, pause, order));
    }
  }

  long answers() {
    return answers;
  }

  /// @throws ViolationException when something is wrong
  void run(long hours) {
    nodes.values().forEach(SimNode::start);
    agents.values().forEach(SimAgent::start);
    askLater();
    heal();
    while (world.now() < hours * SimWorld.HOUR) {
      faulty = true;
      faults();
      faulty = false;
      heal();
      long quiet = world.between(SimWorld.MINUTE, SimWorld.HOUR);
      long end = world.now() + quiet;
      while (world.now() < end) {
        leap(world.between(0, keepNanos * 3 / 4));
        world.run(world.between(6 * SimWorld.SECOND, 10 * SimWorld.SECOND));
      }
      heal();
    }
  }

  // Faults.

  private void faults() {
    int count = 1 + world.random.nextInt(5);
    for (int i = 0; i < count; i++) {
      fault();
      pass(duration());
      if (world.chance(0.3)) {
        heal(false);
        pass(duration());
      }
    }
  }

  /// Of a long time, most is leapt over.
  private void pass(long nanos) {
    long lived = Math.min(nanos, LIVED);
    world.run(lived / 2);
    leap(nanos - lived);
    world.run(lived / 2);
  }

  /// Nobody hears of anybody meanwhile.
  private void leap(long nanos) {
    world.leap(nanos);
    nodes.keySet().forEach(name -> cutOrHealed.put(name, world.now()));
  }

  private long duration() {
    return switch (world.random.nextInt(6)) {
      case 0 -> world.between(0, 50 * SimWorld.MILLI);
      case 1 -> world.between(0, SimWorld.SECOND);
      case 2, 3 -> world.between(0, 15 * SimWorld.SECOND);
      case 4 -> world.between(0, 90 * SimWorld.SECOND);
      default -> world.between(0, keepNanos * 3 / 2);
    };
  }

  private SimNode anyNode() {
    return world.any(List.copyOf(nodes.values()));
  }

  private SimAgent anyAgent() {
    return world.any(List.copyOf(agents.values()));
  }

  private void fault() {
    switch (world.random.nextInt(14)) {
      case 0, 1 -> kill(anyNode(), false);
      case 2, 3 -> kill(anyNode(), true);
      case 4 -> {
        SimNode node = anyNode();
        world.trace(node.name + " is frozen");
        node.freeze();
      }
      case 5 -> {
        SimNode node = anyNode();
        long by = world.between(-2 * SimStore.DAY, 2 * SimStore.DAY);
        world.trace(node.name + "'s clock jumps by " + by / SimWorld.SECOND + " s");
        node.jumpClock(by);
      }
      case 6, 7 -> partition(anyNode());
      case 8 -> cut(anyNode().name, anyNode().name);
      case 9 -> {
        cut(anyNode().name, anyAgent().id);
        if (world.chance(0.5)) {
          cut(anyAgent().id, anyNode().name);
        }
      }
      case 10 -> stop(anyAgent(), false);
      case 11 -> stop(anyAgent(), true);
      case 12 -> {
        String from = anyNode().name;
        String to = anyNode().name;
        long latency = world.between(50 * SimWorld.MILLI, 4 * SimWorld.SECOND);
        world.trace(from + " to " + to + " is slow: " + latency / SimWorld.MILLI + " ms");
        world.slow(from, to, latency);
        world.slow(to, from, latency);
      }
      default -> {
        world.trace("messages get lost and come twice");
        world.losing(world.between(0, 100) / 300.0, 0.1);
      }
    }
  }

  private void kill(SimNode node, boolean losesDisk) {
    if (node.isUp()) {
      // Nodes that lose their disks together do not know what they do not know.
      boolean loses = losesDisk && !diskIsLost;
      diskIsLost |= loses;
      world.trace(node.name + " is killed" + (loses ? " and loses its disk" : ""));
      node.kill(loses);
      if (world.chance(0.6)) {
        world.after(
            duration(),
            () -> {
              if (!node.isUp()) {
                world.trace(node.name + " starts");
                node.start();
              }
            });
      }
    }
  }

  private void stop(SimAgent agent, boolean losesDisk) {
    if (agent.isUp()) {
      world.trace(agent.id + " is killed" + (losesDisk ? " and loses its disk" : ""));
      agent.stop(losesDisk);
      if (world.chance(0.7)) {
        world.after(
            duration(),
            () -> {
              if (!agent.isUp()) {
                world.trace(agent.id + " starts");
                agent.start();
              }
            });
      }
    }
  }

  private void cut(String from, String to) {
    if (!from.equals(to)) {
      world.trace(from + " no longer reaches " + to);
      world.cut(from, to);
      cutOrHealed.put(from, world.now());
      cutOrHealed.put(to, world.now());
    }
  }

  /// A node, and some of the agents, on an island.
  private void partition(SimNode island) {
    List<String> inside = new ArrayList<>(List.of(island.name));
    List<String> outside = new ArrayList<>();
    nodes.keySet().stream().filter(name -> !name.equals(island.name)).forEach(outside::add);
    agents.keySet().forEach(id -> (world.chance(0.4) ? inside : outside).add(id));
    world.trace(inside + " are cut from " + outside);
    for (String one : inside) {
      for (String other : outside) {
        world.cut(one, other);
        world.cut(other, one);
        cutOrHealed.put(one, world.now());
        cutOrHealed.put(other, world.now());
      }
    }
  }

  private void heal(boolean all) {
    if (all || world.chance(0.5)) {
      world.trace("the network is whole");
      world.healNetwork();
      nodes.keySet().forEach(name -> cutOrHealed.put(name, world.now()));
    }
    for (SimNode node : nodes.values()) {
      if (node.isFrozen() && (all || world.chance(0.5))) {
        world.trace(node.name + " goes on");
        node.resume();
      }
      if (all || world.chance(0.5)) {
        node.setClock();
      }
      if (!node.isUp() && (all || world.chance(0.5))) {
        world.trace(node.name + " starts");
        node.start();
      }
    }
    for (SimAgent agent : agents.values()) {
      if (!agent.isUp() && (all || world.chance(0.5))) {
        world.trace(agent.id + " starts");
        agent.start();
      }
    }
  }

  /// Ends all faults, and waits until every node answers with everything.
  private void heal() {
    heal(true);
    long end = world.now() + HEALS_WITHIN;
    String problem = "?";
    while (!problem.isEmpty()) {
      if (world.now() > end) {
        throw new ViolationException("does not heal: " + problem);
      }
      world.run(3 * SimWorld.SECOND);
      problem = "";
      for (SimNode node : nodes.values()) {
        if (problem.isEmpty()) {
          problem = whole(node);
        }
      }
    }
    diskIsLost = false;
    world.trace("whole");
  }

  // Checks.

  private void askLater() {
    world.after(
        faulty
            ? world.between(0, 4 * SimWorld.SECOND)
            : world.between(3 * SimWorld.SECOND, 30 * SimWorld.SECOND),
        () -> {
          askLater();
          checkIfUp(anyNode());
        });
  }

  private void checkIfUp(SimNode node) {
    if (!asking && node.isUp() && !node.isFrozen()) {
      check(node);
    }
  }

  private SimNode.Answer ask(SimNode node) {
    asking = true;
    try {
      answers++;
      return node.ask();
    } finally {
      asking = false;
    }
  }

  /// Whether a node's answer has everything that there is.
  ///
  /// @return what it lacks, empty when it does not
  private String whole(SimNode node) {
    if (asking) {
      return "busy";
    }
    long asked = world.now();
    SimNode.Answer answer = ask(node);
    if (answer.completeness().getAgentsTotal() != agents.size()
        || answer.completeness().getAgentsAnswered() != agents.size()) {
      return node.name + " misses agents: " + answer.completeness().getGapsList();
    }
    for (String gap : answer.completeness().getGapsList()) {
      if (!EXPIRED.matcher(gap).matches()) {
        return node.name + " says " + gap;
      }
    }
    for (Map.Entry<SimLedger.Log, SimLedger.Rows> each : ledger.all().entrySet()) {
      SimLedger.Log log = each.getKey();
      SeqRanges there = SeqRanges.NONE;
      for (SimNode other : nodes.values()) {
        there = there.plus(other.disk().rows(log));
      }
      SimAgent agent = agents.get(log.agentId());
      if (agent != null) {
        there =
            there.plus(
                agent
                    .has(log.stream(), log.epoch())
                    .and(SeqRanges.of(1, each.getValue().lastBefore(asked - ALLOWANCE))));
      }
      if (agent == null) {
        there = there.and(SeqRanges.of(1, each.getValue().lastBefore(asked - ALLOWANCE)));
      }
      SeqRanges absent =
          there
              .minus(answer.rows().getOrDefault(log, SeqRanges.NONE))
              .minus(each.getValue().deleted);
      absent = absent.and(SeqRanges.of(1, each.getValue().lastBefore(asked - ALLOWANCE)));
      if (!absent.isEmpty()) {
        return lacks(node, log, absent);
      }
      if (agent != null && node.owns(log.agentId())) {
        absent =
            there
                .and(SeqRanges.of(1, each.getValue().lastBefore(asked - ALLOWANCE)))
                .minus(node.disk().rows(log))
                .minus(each.getValue().deleted);
        if (!absent.isEmpty()) {
          return node.name + " does not keep " + describe(log) + " " + SimNode.ranges(absent);
        }
      }
    }
    return "";
  }

  private String lacks(SimNode node, SimLedger.Log log, SeqRanges absent) {
    return "%s lacks %s %s, on disks: %s%s"
        .formatted(
            node.name,
            describe(log),
            SimNode.ranges(absent),
            onDisks(log),
            node.describe(log.agentId()));
  }

  private String onDisks(SimLedger.Log log) {
    return nodes.values().stream()
        .map(node -> node.name + " " + SimNode.ranges(node.disk().rows(log)))
        .collect(Collectors.joining(", "));
  }

  private String where(
      SimLedger.Log log,
      SeqRanges absent,
      Map<SimLedger.Log, SeqRanges> seen,
      Map<SimLedger.Log, SeqRanges> held) {
    return "%s %s, seen %s, held when asked %s, on disks: %s"
        .formatted(
            describe(log),
            SimNode.ranges(absent),
            SimNode.ranges(seen.getOrDefault(log, SeqRanges.NONE)),
            SimNode.ranges(held.getOrDefault(log, SeqRanges.NONE)),
            onDisks(log));
  }

  private static String describe(SimLedger.Log log) {
    return log.agentId() + " " + log.stream() + " %x".formatted(log.epoch() >>> 48);
  }

  /// What is said of a stream of an agent.
  private record Said(String agentId, String stream) {}

  private void check(SimNode node) {
    long asked = world.now();
    Map<SimLedger.Log, SeqRanges> seen = seen(node);
    Map<SimLedger.Log, SeqRanges> held = new HashMap<>();
    List<SimNode> stable = stable(node, asked);
    ledger
        .all()
        .forEach(
            (log, rows) -> {
              if (rows.lostAtSource || !agents.containsKey(log.agentId())) {
                held.put(log, node.disk().rows(log));
              }
            });
    SimNode.Answer answer;
    try {
      answer = ask(node);
    } catch (SimNode.StoppedException e) {
      return;
    }
    if (answer.twice() > 0) {
      violation(node, answer, "", answer.twice() + " rows are counted twice");
    }
    boolean saysUnknown = false;
    Map<String, Boolean> silent = new TreeMap<>();
    Map<Said, Long> elsewhere = new HashMap<>();
    Map<Said, Long> lost = new HashMap<>();
    for (String gap : answer.completeness().getGapsList()) {
      Matcher expired = EXPIRED.matcher(gap);
      Matcher onlyAt = ONLY_AT.matcher(gap);
      if (expired.matches()) {
        Said of = new Said(expired.group(3), expired.group(2));
        lost.merge(of, Long.parseLong(expired.group(1)), Long::sum);
      } else if (onlyAt.matches()) {
        Matcher rows = ROWS.matcher(onlyAt.group(2));
        while (rows.find()) {
          elsewhere.merge(
              new Said(onlyAt.group(1), rows.group(2)), Long.parseLong(rows.group(1)), Long::sum);
        }
      } else if (gap.contains(" did not answer")) {
        silent.put(gap.replaceAll("[: ].*", ""), true);
        if (gap.startsWith("colony:")) {
          silent.put(gap.substring(0, gap.indexOf(':', 7)), true);
        }
      } else {
        saysUnknown = true;
      }
    }
    if (saysUnknown) {
      return;
    }
    checkLost(node, answer, lost, stable);
    Map<Said, Absent> absences = new HashMap<>();
    for (Map.Entry<SimLedger.Log, SimLedger.Rows> each : ledger.all().entrySet()) {
      SimLedger.Log log = each.getKey();
      SimLedger.Rows rows = each.getValue();
      boolean isOwn = !agents.containsKey(log.agentId());
      SeqRanges must = SeqRanges.of(1, rows.lastBefore(asked - ALLOWANCE));
      if (isOwn || rows.lostAtSource) {
        // Nobody can know of more.
        must =
            must.and(
                held.getOrDefault(log, SeqRanges.NONE)
                    .plus(seen.getOrDefault(log, SeqRanges.NONE)));
        if (!isOwn) {
          for (SimNode other : stable) {
            must =
                must.plus(
                    other
                        .disk()
                        .rows(log)
                        .and(SeqRanges.of(1, rows.lastBefore(asked - ALLOWANCE))));
          }
        }
      }
      SeqRanges absent =
          must.minus(answer.rows().getOrDefault(log, SeqRanges.NONE)).minus(rows.deleted);
      if (isOwn && rows.lostAtSource) {
        // Found by a node that lost its disk: what no other has is no more.
        SeqRanges left = SeqRanges.NONE;
        for (SimNode other : nodes.values()) {
          left = left.plus(other.disk().rows(log));
        }
        absent = absent.and(left);
      }
      if (!absent.isEmpty() && !silent.containsKey(log.agentId())) {
        SeqRanges there = SeqRanges.NONE;
        for (SimNode other : stable) {
          there = there.plus(other.disk().rows(log));
        }
        long found = absent.and(there).size();
        absences
            .computeIfAbsent(new Said(log.agentId(), log.stream()), _ -> new Absent())
            .add(found, absent.size() - found, where(log, absent, seen, held));
      }
    }
    absences.forEach(
        (of, absent) -> {
          // What is said to be lost does not cover what some node has.
          long left = elsewhere.getOrDefault(of, 0L) - absent.elsewhere;
          if (left < 0 || absent.lost > left + lost.getOrDefault(of, 0L)) {
            violation(node, answer, of.agentId(), "a hole that is not said: " + absent.where);
          }
        });
  }

  /// Rows that an answer lacks, of a stream of an agent.
  private static final class Absent {
    private final List<String> where = new ArrayList<>();
    private long elsewhere;
    private long lost;

    void add(long elsewhereRows, long lostRows, String log) {
      elsewhere += elsewhereRows;
      lost += lostRows;
      where.add(log);
    }
  }

  /// Nodes that the asked one has heard of for some time, itself among them.
  private List<SimNode> stable(SimNode node, long now) {
    List<SimNode> stable = new ArrayList<>();
    for (SimNode other : nodes.values()) {
      boolean connected = other == node || world.connected(node.name, other.name);
      if (connected
          && other.isUp()
          && !other.isFrozen()
          && now - other.upSince() > STABLE
          && now - node.upSince() > STABLE
          && now - cutOrHealed.getOrDefault(node.name, 0L) > STABLE
          && now - cutOrHealed.getOrDefault(other.name, 0L) > STABLE) {
        stable.add(other);
      }
    }
    return stable;
  }

  private Map<SimLedger.Log, SeqRanges> seen(SimNode node) {
    if (seenInLife.getOrDefault(node.name, -1) != node.life()) {
      seenInLife.put(node.name, node.life());
      everSeen.put(node.name, new HashMap<>());
    }
    Map<SimLedger.Log, SeqRanges> seen = everSeen.computeIfAbsent(node.name, _ -> new HashMap<>());
    node.heldByViews().forEach((log, seqs) -> seen.merge(log, seqs, SeqRanges::plus));
    return seen;
  }

  /// What is said to be lost must be: no node that can be asked has it. Unless it came while the
  /// question was asked; soon afterwards that is no longer said.
  private void checkLost(
      SimNode node, SimNode.Answer answer, Map<Said, Long> lost, List<SimNode> stable) {
    lost.forEach(
        (of, count) -> {
          long mayBe = 0;
          for (Map.Entry<SimLedger.Log, SimLedger.Rows> each : ledger.all().entrySet()) {
            SimLedger.Log log = each.getKey();
            if (log.agentId().equals(of.agentId()) && log.stream().equals(of.stream())) {
              SeqRanges left =
                  SeqRanges.of(1, each.getValue().last()).minus(each.getValue().expired);
              for (SimNode other : stable) {
                left = left.minus(other.disk().rows(log));
              }
              mayBe += left.size();
            }
          }
          String said = node.name + "/" + node.life() + "/" + of;
          if (count <= mayBe) {
            wronglyLost.remove(said);
            return;
          }
          Long since = wronglyLost.putIfAbsent(said, world.now());
          if (since == null) {
            world.after(COMES_TO_BE_KNOWN, () -> checkIfUp(node));
          } else if (world.now() - since >= COMES_TO_BE_KNOWN) {
            violation(
                node,
                answer,
                of.agentId(),
                count
                    + " rows of "
                    + of.stream()
                    + " of "
                    + of.agentId()
                    + " are said to be lost, and only "
                    + mayBe
                    + " may be");
          }
        });
  }

  private void violation(SimNode node, SimNode.Answer answer, String agentId, String what) {
    throw new ViolationException(
        what
            + "\n  asked: "
            + node.name
            + "\n  said: "
            + answer.completeness().getGapsList()
            + node.describe(agentId));
  }
}
