package io.coral.colony.cluster;

import io.coral.rpc.colony.v1.AgentNews;
import io.coral.rpc.colony.v1.NodeNews;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/// What of all that a node has is told next: mostly what changed, now and then everything, so that
/// what was lost on the way is made good. One thread.
final class NewsFeed {
  static final long INTERVAL_MILLIS = 1000;
  private static final int WHOLE_EVERY = 10;

  private Map<String, AgentNews> told = new HashMap<>();
  private int untilWhole;

  /// The next news are all there is.
  void tellAll() {
    untilWhole = 0;
  }

  /// @param news everything that the node has now
  NodeNews next(NodeNews news) {
    return untilWhole-- <= 0 ? whole(news) : newer(news);
  }

  private NodeNews whole(NodeNews news) {
    untilWhole = WHOLE_EVERY - 1;
    told = new HashMap<>();
    news.getAgentsList().forEach(agent -> told.put(agent.getAgentId(), withoutAges(agent)));
    return news;
  }

  /// Of the agents of which there is something new.
  private NodeNews newer(NodeNews news) {
    NodeNews.Builder newer = news.toBuilder().clearAgents().clearOthers().setWhole(false);
    for (AgentNews agent : news.getAgentsList()) {
      AgentNews ageless = withoutAges(agent);
      AgentNews before = told.put(agent.getAgentId(), ageless);
      boolean same = before != null && before.getIntroduction().equals(agent.getIntroduction());
      if (!Objects.equals(before, ageless) || agent.getSeenMillisAgo() < 2 * INTERVAL_MILLIS) {
        newer.addAgents(same ? agent.toBuilder().clearIntroduction() : agent.toBuilder());
      }
    }
    return newer.build();
  }

  private static AgentNews withoutAges(AgentNews agent) {
    return agent.toBuilder().clearSeenMillisAgo().clearDrainedMillisAgo().build();
  }
}
