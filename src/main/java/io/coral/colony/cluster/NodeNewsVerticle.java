package io.coral.colony.cluster;

import io.coral.rpc.colony.v1.AgentNews;
import io.coral.rpc.colony.v1.NodeNews;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/// Tells the other nodes what this one has, and hears them. Event loop. What is lost on the way is
/// told again within ten seconds.
public final class NodeNewsVerticle extends VerticleBase {
  private static final String TOPIC = "coral.nodes";
  private static final long INTERVAL_MILLIS = 1000;
  private static final int WHOLE_EVERY = 10;

  private final Nodes nodes;
  private final Membership membership;
  private Map<String, AgentNews> told = new HashMap<>();
  private int untilWhole;
  private boolean underWay;

  public NodeNewsVerticle(Nodes nodes, Membership membership) {
    this.nodes = nodes;
    this.membership = membership;
  }

  @Override
  public Future<?> start() {
    ProtobufCodec.register(vertx.eventBus(), NodeNews.getDefaultInstance());
    vertx.eventBus().<NodeNews>consumer(TOPIC, message -> nodes.heard(message.body()));
    vertx.setPeriodic(0, INTERVAL_MILLIS, _ -> tell());
    membership.onChange(
        () ->
            context.runOnContext(
                _ -> {
                  untilWhole = 0;
                  tell();
                }));
    return Future.succeededFuture();
  }

  private void tell() {
    if (underWay || membership.members().size() < 2) {
      return;
    }
    underWay = true;
    vertx
        .executeBlocking(nodes::news, false)
        .onComplete(
            made -> {
              underWay = false;
              if (made.succeeded()) {
                vertx
                    .eventBus()
                    .publish(
                        TOPIC, untilWhole-- <= 0 ? whole(made.result()) : newer(made.result()));
              }
            });
  }

  private NodeNews whole(NodeNews news) {
    untilWhole = WHOLE_EVERY - 1;
    told = new HashMap<>();
    news.getAgentsList().forEach(agent -> told.put(agent.getAgentId(), withoutAges(agent)));
    return news;
  }

  /// Of the agents of which there is something new.
  private NodeNews newer(NodeNews news) {
    NodeNews.Builder newer = news.toBuilder().clearAgents().setWhole(false);
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
