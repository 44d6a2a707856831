package io.coral.colony.cluster;

import io.coral.rpc.colony.v1.NodeNews;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/// Tells the other nodes what this one has, and hears them. Event loop. What is lost on the way is
/// told again within ten seconds.
public final class NodeNewsVerticle extends VerticleBase {
  private static final String TOPIC = "coral.nodes";

  private final Nodes nodes;
  private final Membership membership;
  private final NewsFeed feed = new NewsFeed();
  private boolean underWay;

  public NodeNewsVerticle(Nodes nodes, Membership membership) {
    this.nodes = nodes;
    this.membership = membership;
  }

  @Override
  public Future<?> start() {
    ProtobufCodec.register(vertx.eventBus(), NodeNews.getDefaultInstance());
    vertx.eventBus().<NodeNews>consumer(TOPIC, message -> hear(message.body()));
    vertx.setPeriodic(0, NewsFeed.INTERVAL_MILLIS, _ -> tell());
    membership.onChange(
        () ->
            context.runOnContext(
                _ -> {
                  feed.tellAll();
                  tell();
                }));
    return Future.succeededFuture();
  }

  private void hear(NodeNews news) {
    if (nodes.heard(news)) {
      feed.tellAll();
    }
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
                vertx.eventBus().publish(TOPIC, feed.next(made.result()));
              }
            });
  }
}
