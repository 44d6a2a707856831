package io.coral.agent.registration;

import io.coral.rpc.RpcClient;
import io.coral.rpc.mesh.v1.HeartbeatRequest;
import io.coral.rpc.mesh.v1.HeartbeatResponse;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.RegisterResponse;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Event loop. Losing the colony costs nothing but freshness there: the agent keeps its rows. Of a
/// colony's nodes any is as good as another; when one does not answer, the next one is told.
public final class RegistrationVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(RegistrationVerticle.class);
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final long RETRY_MILLIS = 1000;

  private final List<String> colonies;
  private final Duration heartbeatInterval;
  private final Supplier<RegisterRequest> introduction;
  private RpcClient client;
  private volatile String state = "not registered yet";
  private boolean complained;
  private final AtomicInteger at = new AtomicInteger();

  /// @param colonies nodes of the colony, `host:port`, at least one
  /// @param introduction what the agent says of itself, made anew for each call
  public RegistrationVerticle(
      List<String> colonies, Duration heartbeatInterval, Supplier<RegisterRequest> introduction) {
    this.colonies = List.copyOf(colonies);
    this.heartbeatInterval = heartbeatInterval;
    this.introduction = introduction;
  }

  @Override
  public Future<?> start() {
    client = new RpcClient(vertx);
    register();
    return Future.succeededFuture();
  }

  /// One sentence on how registration fares; safe on any thread.
  public String state() {
    return colony() + ": " + state;
  }

  private String colony() {
    return colonies.get(Math.floorMod(at.get(), colonies.size()));
  }

  private void register() {
    client
        .unary(
            colony(),
            "coral.mesh.v1.MeshService/Register",
            introduction.get(),
            RegisterResponse.getDefaultInstance(),
            DEADLINE)
        .onSuccess(
            response -> {
              if (response.getAccepted()) {
                state = "registered";
                complained = false;
                LOG.info("registered with the colony at {}", colony());
                vertx.setTimer(heartbeatInterval.toMillis(), _ -> heartbeat());
              } else {
                state = "refused: " + response.getReason();
                retry(heartbeatInterval.toMillis());
              }
            })
        .onFailure(
            failure -> {
              state = "unreachable: " + failure.getMessage();
              long pause = complained ? heartbeatInterval.toMillis() : RETRY_MILLIS;
              retry(colonies.size() > 1 ? RETRY_MILLIS : pause);
              at.incrementAndGet();
            });
  }

  private void retry(long millis) {
    if (!complained) {
      LOG.info("the colony at {} does not take this agent yet: {}", colony(), state);
      complained = true;
    }
    vertx.setTimer(Math.min(millis, 5 * RETRY_MILLIS), _ -> register());
  }

  private void heartbeat() {
    RegisterRequest self = introduction.get();
    client
        .unary(
            colony(),
            "coral.mesh.v1.MeshService/Heartbeat",
            HeartbeatRequest.newBuilder()
                .setAgentId(self.getAgentId())
                .setStatus("ok")
                .addAllServices(self.getServicesList())
                .build(),
            HeartbeatResponse.getDefaultInstance(),
            DEADLINE)
        .onSuccess(
            response -> {
              if (response.getOk()) {
                vertx.setTimer(heartbeatInterval.toMillis(), _ -> heartbeat());
              } else {
                register();
              }
            })
        .onFailure(
            failure -> {
              state = "unreachable: " + failure.getMessage();
              at.incrementAndGet();
              register();
            });
  }

  @Override
  public Future<?> stop() {
    return client.close();
  }
}
