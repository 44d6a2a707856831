package io.coral.colony.cluster;

import io.coral.rpc.colony.v1.PartRequest;
import io.coral.rpc.colony.v1.PartResponse;
import io.coral.rpc.mesh.v1.Completeness;
import io.coral.storage.LostSeqs;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Asks the nodes that answer for the agents, for one answer: the same ones whatever is asked. A
/// node that is slow gets a rival that has the same rows; one that does not answer in time is not
/// asked again, and its agents count as silent.
///
/// One worker thread, which waits.
final class Scatter {
  static final Duration DEADLINE = Duration.ofSeconds(3);
  private static final Duration SLOW = Duration.ofMillis(400);

  private final Nodes nodes;
  private final Function<PartRequest, PartResponse> own;
  private final Sender sender;
  private final Duration freshness;
  private final Function<String, String> displayName;
  private final LongSupplier nanoTime;
  private final Waiting waiting;
  private final Set<String> gaps = new LinkedHashSet<>();
  private final Map<String, String> silent = new HashMap<>();
  private final Map<String, Cover.Choice> rivals = new HashMap<>();
  private @Nullable Cover cover;
  private boolean isFresh;

  /// How another node is asked.
  interface Sender {
    /// @param incarnation of the node; another does not answer
    CompletableFuture<PartResponse> send(String node, long incarnation, PartRequest request);
  }

  /// How long an answer is waited for.
  interface Waiting {
    /// @return null when it fails, or does not come in time
    @Nullable PartResponse await(CompletableFuture<PartResponse> part, long nanos);
  }

  /// @param own this node's part
  /// @param freshness an agent counts as silent when the last poll that drained it is older
  /// @param displayName of an agent, empty when it is none
  /// @param nanoTime monotonic
  Scatter(
      Nodes nodes,
      Function<PartRequest, PartResponse> own,
      Sender sender,
      Duration freshness,
      Function<String, String> displayName,
      LongSupplier nanoTime,
      Waiting waiting) {
    this.nodes = nodes;
    this.own = own;
    this.sender = sender;
    this.freshness = freshness;
    this.displayName = displayName;
    this.nanoTime = nanoTime;
    this.waiting = waiting;
  }

  private Cover cover() {
    Cover known = cover;
    if (known == null) {
      known = nodes.cover();
      cover = known;
    }
    return known;
  }

  /// The parts of an answer, each row in one of them.
  List<PartResponse> ask(PartRequest.Builder question) {
    Map<String, Set<String>> asked = new LinkedHashMap<>(cover().nodes());
    asked.keySet().removeAll(silent.keySet());
    if (asked.isEmpty()) {
      asked.put(nodes.self(), Set.of());
    }
    // Agents are polled for the first question; a rival that is asked later has no time for it.
    PartRequest.Builder later = question.clone().clearFresh();
    PartRequest.Builder first = isFresh ? later : question;
    isFresh |= question.getFresh();
    long began = nanoTime.getAsLong();
    Map<String, CompletableFuture<PartResponse>> sent = send(first, cover(), asked);
    List<PartResponse> parts = new ArrayList<>();
    for (Map.Entry<String, Set<String>> each : asked.entrySet()) {
      String node = each.getKey();
      if (node.equals(nodes.self())) {
        parts.add(own.apply(request(first, each.getValue())));
      }
    }
    for (Map.Entry<String, CompletableFuture<PartResponse>> each : sent.entrySet()) {
      PartResponse part = await(each.getValue(), began + SLOW.toNanos());
      if (part != null) {
        parts.add(part);
      } else {
        parts.addAll(insteadOf(each.getKey(), each.getValue(), later, began));
      }
    }
    parts.forEach(part -> gaps.addAll(part.getGapsList()));
    return parts;
  }

  private Map<String, CompletableFuture<PartResponse>> send(
      PartRequest.Builder question, Cover from, Map<String, Set<String>> asked) {
    Map<String, CompletableFuture<PartResponse>> sent = new LinkedHashMap<>();
    asked.forEach(
        (node, agents) -> {
          if (!node.equals(nodes.self())) {
            long incarnation = from.incarnations().getOrDefault(node, 0L);
            sent.put(node, sender.send(node, incarnation, request(question, agents)));
          }
        });
    return sent;
  }

  private static PartRequest request(PartRequest.Builder question, Set<String> agents) {
    return question.clone().clearAgents().addAllAgents(agents).build();
  }

  /// Asks others for what a slow node was asked for, and takes what is there first.
  private List<PartResponse> insteadOf(
      String node,
      CompletableFuture<PartResponse> first,
      PartRequest.Builder question,
      long began) {
    Cover rival = nodes.instead(cover(), node, silent.keySet());
    Map<String, Set<String>> others = rival.nodes();
    Map<String, CompletableFuture<PartResponse>> sent = send(question, rival, others);
    List<PartResponse> second = new ArrayList<>();
    Set<String> here = others.get(nodes.self());
    if (here != null) {
      second.add(own.apply(request(question, here)));
    }
    long deadline = began + DEADLINE.toNanos();
    boolean complete = !others.isEmpty();
    for (CompletableFuture<PartResponse> each : sent.values()) {
      PartResponse part = first.isDone() ? null : await(each, deadline);
      complete &= part != null;
      if (part != null) {
        second.add(part);
      }
    }
    if (complete) {
      rivals.putAll(rival.agents());
      return second;
    }
    PartResponse part = await(first, others.isEmpty() ? deadline : began + DEADLINE.toNanos());
    if (part != null) {
      return List.of(part);
    }
    silent.put(node, node + " did not answer");
    return List.of();
  }

  private @Nullable PartResponse await(CompletableFuture<PartResponse> part, long deadlineNanos) {
    return waiting.await(part, Math.max(1, deadlineNanos - nanoTime.getAsLong()));
  }

  /// Waits on the thread that asks.
  static @Nullable PartResponse block(CompletableFuture<PartResponse> part, long nanos) {
    try {
      return part.get(nanos, TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /// How much stands behind what was answered.
  ///
  /// @param sinceNanos where the time range begins that was asked for, 0 = anywhere: what was lost
  ///     before is left out
  /// @param nowNanos Unix time of the answer
  Completeness completeness(long sinceNanos, long nowNanos) {
    Completeness.Builder completeness = Completeness.newBuilder();
    long now = nanoTime.getAsLong();
    long oldest = 0;
    int total = 0;
    int answered = 0;
    for (Map.Entry<String, Cover.Choice> each : cover().agents().entrySet()) {
      Cover.Choice choice = answering(each.getKey(), each.getValue());
      String name = displayName.apply(each.getKey());
      long age = now - choice.drainedNanos();
      String silence = silent.get(choice.node());
      if (name.isEmpty()) {
        // What a node found itself.
        String found = " were found by " + each.getKey() + ", and no node has them any more";
        completeness.addAllGaps(gone(choice, sinceNanos, found, found));
        if (silence != null || !choice.missing().isEmpty()) {
          completeness.addGaps(
              silence == null ? missing(each.getKey(), choice) : each.getKey() + ": " + silence);
        }
        continue;
      }
      total++;
      completeness.addAllGaps(
          gone(
              choice,
              sinceNanos,
              " expired at agent " + each.getKey() + ", and no node has them",
              " of agent " + each.getKey() + " went with the disk of a node"));
      if (silence != null) {
        completeness.addGaps(name + ": " + silence);
      } else if (!choice.drained() || age > freshness.toNanos()) {
        completeness.addGaps(
            name
                + " did not answer: "
                + (choice.lastError().isEmpty() ? "no poll lately" : choice.lastError()));
      } else if (!choice.missing().isEmpty()) {
        completeness.addGaps(missing(name, choice));
      } else {
        answered++;
        oldest = Math.max(oldest, age);
      }
    }
    return completeness
        .setAgentsTotal(total)
        .setAgentsAnswered(answered)
        .addAllGaps(cover().unknown())
        .addAllGaps(gaps)
        .setAsOfUnixNanos(nowNanos - oldest)
        .build();
  }

  /// The rival that answered instead, unless what was chosen first is the older.
  private Cover.Choice answering(String agentId, Cover.Choice first) {
    Cover.Choice rival = rivals.get(agentId);
    return rival == null || (rival.drained() && first.drainedNanos() - rival.drainedNanos() < 0)
        ? first
        : rival;
  }

  /// What no node has that may be of a time or later, each a sentence.
  ///
  /// @param expired what is said of rows that their source did not have when it was asked
  /// @param lost of rows that nodes had
  private static List<String> gone(
      Cover.Choice choice, long sinceNanos, String expired, String lost) {
    List<String> sentences = new ArrayList<>();
    choice
        .gone()
        .forEach(
            (stream, counts) ->
                counts.tailMap(sinceNanos, true).entrySet().stream()
                    .collect(
                        Collectors.groupingBy(
                            each -> each.getKey() == LostSeqs.ANY_TIME ? lost : expired,
                            TreeMap::new,
                            Collectors.summingLong(Map.Entry::getValue)))
                    .forEach((text, rows) -> sentences.add(rows + " rows of " + stream + text)));
    return sentences;
  }

  private static String missing(String name, Cover.Choice choice) {
    List<String> rows = new ArrayList<>();
    choice.missing().forEach((stream, count) -> rows.add(count + " rows of " + stream));
    return name
        + ": "
        + String.join(", ", rows)
        + " are only at "
        + String.join(", ", choice.holders());
  }
}
