package io.coral.colony.poll;

import io.coral.model.SeqRanges;
import io.coral.model.StreamSchema;
import io.coral.rpc.agent.v1.ListStreamsRequest;
import io.coral.rpc.agent.v1.ReadMark;
import io.coral.rpc.agent.v1.StreamStatus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Tells agents up to where this node has their rows, so that they keep the others. One thread.
final class ReadMarks {
  /// An agent keeps rows for minutes at least.
  private static final long INTERVAL_NANOS = 10_000_000_000L;

  private final String reader;
  private final Poller.History history;
  private final Map<String, Told> agents = new HashMap<>();

  private static final class Told {
    private long lastNanos;
    private List<ReadMark> next = List.of();
  }

  /// @param reader name of this node
  ReadMarks(String reader, Poller.History history) {
    this.reader = reader;
    this.history = history;
  }

  /// With what is to be told to an agent now.
  ///
  /// @param now monotonic
  ListStreamsRequest request(String agentId, long now) {
    ListStreamsRequest.Builder request = ListStreamsRequest.newBuilder().setReader(reader);
    Told told = agents.get(agentId);
    if (told != null && !told.next.isEmpty() && now - told.lastNanos >= INTERVAL_NANOS) {
      request.addAllMarks(told.next);
      told.lastNanos = now;
      told.next = List.of();
    }
    return request.build();
  }

  /// Streams of an agent were pulled, all of names that this node knows.
  void drained(String agentId, List<StreamStatus> streams) {
    List<ReadMark> marks = new ArrayList<>();
    for (StreamStatus stream : streams) {
      SeqRanges known =
          history.known(agentId, StreamSchema.named(stream.getStream()), stream.getEpoch()).all();
      if (!known.isEmpty() && known.ranges().getFirst().from() == 1) {
        marks.add(
            ReadMark.newBuilder()
                .setStream(stream.getStream())
                .setEpoch(stream.getEpoch())
                .setUpToSeq(known.ranges().getFirst().to())
                .build());
      }
    }
    agents.computeIfAbsent(agentId, _ -> new Told()).next = marks;
  }
}
