package io.coral.colony.cluster;

import io.coral.rpc.agent.v1.ListStreamsResponse;
import io.coral.rpc.agent.v1.PullRequest;
import io.coral.rpc.agent.v1.PullResponse;
import io.coral.rpc.agent.v1.StreamStatus;
import io.coral.rpc.mesh.v1.RegisterRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An agent: numbers rows, keeps them for some time, and gives them to whoever asks.
final class SimAgent {
  private static final int MOST_BATCH = 120;
  private static final int MOST_BATCHES = 3;

  final String id;
  private final SimWorld world;
  private final SimLedger ledger;
  private final long keepNanos;
  private final long pauseNanos;
  private final List<SimNode> colony;
  private final Map<String, List<Epoch>> streams = new LinkedHashMap<>();
  private int at;
  private int life;
  private boolean isUp;

  /// Rows of an epoch that are still there.
  private static final class Epoch {
    final long number;
    final Deque<long[]> parts = new ArrayDeque<>();
    long last;

    Epoch(long number) {
      this.number = number;
    }

    long first() {
      return parts.isEmpty() ? last + 1 : parts.getFirst()[0];
    }
  }

  /// @param keepNanos how long a row is kept
  /// @param pauseNanos between commits, about
  /// @param colony the nodes it tells of itself, first choice first
  SimAgent(
      String id,
      SimWorld world,
      SimLedger ledger,
      List<String> streamNames,
      long keepNanos,
      long pauseNanos,
      List<SimNode> colony) {
    this.id = id;
    this.world = world;
    this.ledger = ledger;
    this.keepNanos = keepNanos;
    this.pauseNanos = pauseNanos;
    this.colony = List.copyOf(colony);
    streamNames.forEach(name -> streams.put(name, new ArrayList<>()));
  }

  boolean isUp() {
    return isUp;
  }

  /// Begins, with an epoch of its own.
  void start() {
    isUp = true;
    life++;
    for (List<Epoch> epochs : streams.values()) {
      epochs.add(new Epoch(world.random.nextLong(1, Long.MAX_VALUE)));
    }
    int mine = life;
    world.after(world.between(0, pauseNanos), () -> write(mine));
    world.after(world.between(0, SimWorld.SECOND), () -> register(mine));
  }

  void stop(boolean losesDisk) {
    isUp = false;
    life++;
    if (losesDisk) {
      streams.forEach(
          (stream, epochs) -> {
            epochs.forEach(epoch -> ledger.rows(log(stream, epoch.number)).lostAtSource = true);
            epochs.clear();
          });
    }
  }

  private SimLedger.Log log(String stream, long epoch) {
    return new SimLedger.Log(id, stream, epoch);
  }

  private void write(int mine) {
    if (mine != life) {
      return;
    }
    streams.forEach(
        (stream, epochs) -> {
          if (world.chance(0.7)) {
            Epoch epoch = epochs.getLast();
            long first = epoch.last + 1;
            epoch.last += 1 + world.random.nextInt(40);
            epoch.parts.add(new long[] {first, epoch.last, world.now()});
            ledger.committed(log(stream, epoch.number), epoch.last, world.now());
          }
        });
    expire();
    world.after(world.between(pauseNanos / 2, 2 * pauseNanos), () -> write(mine));
  }

  private void expire() {
    long oldest = world.now() - keepNanos;
    for (List<Epoch> epochs : streams.values()) {
      for (Epoch epoch : epochs) {
        while (!epoch.parts.isEmpty() && epoch.parts.getFirst()[2] < oldest) {
          epoch.parts.removeFirst();
        }
      }
    }
  }

  /// The rows that it has.
  io.coral.model.SeqRanges has(String stream, long epoch) {
    return streams.getOrDefault(stream, List.of()).stream()
        .filter(each -> each.number == epoch)
        .map(each -> io.coral.model.SeqRanges.of(each.first(), each.last))
        .findFirst()
        .orElse(io.coral.model.SeqRanges.NONE);
  }

  private SimNode node() {
    return colony.get(Math.floorMod(at, colony.size()));
  }

  private void register(int mine) {
    if (mine != life) {
      return;
    }
    RegisterRequest introduction =
        RegisterRequest.newBuilder().setAgentId(id).setDisplayName(id).setApiEndpoint(id).build();
    call(
        mine,
        node -> {
          node.register(introduction);
          return true;
        },
        _ -> world.after(10 * SimWorld.SECOND, () -> heartbeat(mine)),
        () ->
            world.after(world.between(SimWorld.SECOND, 3 * SimWorld.SECOND), () -> register(mine)));
  }

  private void heartbeat(int mine) {
    if (mine != life) {
      return;
    }
    call(
        mine,
        node -> node.heartbeat(id),
        known -> {
          if (known) {
            world.after(10 * SimWorld.SECOND, () -> heartbeat(mine));
          } else {
            register(mine);
          }
        },
        () -> register(mine));
  }

  private void call(
      int mine,
      java.util.function.Predicate<SimNode> ask,
      java.util.function.Consumer<Boolean> answered,
      Runnable failed) {
    SimNode node = node();
    boolean[] over = {false};
    world.send(
        id,
        node.name,
        () ->
            node.arrives(
                () -> {
                  boolean answer = ask.test(node);
                  world.send(
                      node.name,
                      id,
                      () -> {
                        if (!over[0] && mine == life) {
                          over[0] = true;
                          answered.accept(answer);
                        }
                      });
                }));
    world.after(
        3 * SimWorld.SECOND,
        () -> {
          if (!over[0] && mine == life) {
            over[0] = true;
            at++;
            failed.run();
          }
        });
  }

  ListStreamsResponse list() {
    expire();
    ListStreamsResponse.Builder response = ListStreamsResponse.newBuilder();
    streams.forEach(
        (stream, epochs) -> {
          for (Epoch epoch : epochs) {
            response.addStreams(
                StreamStatus.newBuilder()
                    .setStream(stream)
                    .setEpoch(epoch.number)
                    .setMinSeq(epoch.first())
                    .setMaxSeq(epoch.last));
          }
        });
    return response.build();
  }

  /// The batches of an answer.
  List<PullResponse> pull(PullRequest request) {
    expire();
    List<PullResponse> batches = new ArrayList<>();
    long after = request.getAfterSeq();
    int most = 1 + world.random.nextInt(MOST_BATCHES);
    while (batches.size() < most) {
      PullResponse batch = batch(request, after);
      if (batch == null) {
        break;
      }
      batches.add(batch);
      after = batch.getToSeq();
    }
    return batches;
  }

  private @Nullable PullResponse batch(PullRequest request, long after) {
    for (Epoch epoch : streams.getOrDefault(request.getStream(), List.of())) {
      long from = Math.max(after + 1, epoch.first());
      if (epoch.number == request.getEpoch() && from <= epoch.last) {
        long to = Math.min(epoch.last, from + MOST_BATCH - 1);
        return PullResponse.newBuilder()
            .setStream(request.getStream())
            .setEpoch(epoch.number)
            .setFromSeq(from)
            .setToSeq(to)
            .setRowCount((int) (to - from + 1))
            .build();
      }
    }
    return null;
  }
}
