package io.coral.colony.registry;

import io.coral.config.Address;
import io.coral.rpc.RpcClient;
import io.coral.rpc.agent.v1.AgentStatus;
import io.coral.rpc.mesh.v1.RegisterRequest;
import io.coral.rpc.mesh.v1.ServiceInfo;
import io.coral.telemetry.Figures;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Finds the agents of a list, which do not register themselves: asks at each address that is not
/// known to have a healthy one who is there. Event loop; names are looked up on a worker.
public final class AgentListVerticle extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(AgentListVerticle.class);
  private static final long INTERVAL_MILLIS = 10_000;
  private static final Duration DEADLINE = Duration.ofSeconds(5);

  private final List<Address> listed;
  private final Registry registry;
  private final Consumer<String> registered;
  private final Figures figures;
  private Set<String> silent = Set.of();
  private RpcClient client;
  private Introductions introductions;

  /// @param listed a name stands for the agents at its addresses
  /// @param registered told the id of each agent that was found
  public AgentListVerticle(
      List<Address> listed, Registry registry, Consumer<String> registered, Figures figures) {
    this.listed = List.copyOf(listed);
    this.registry = registry;
    this.registered = registered;
    this.figures = figures;
  }

  @Override
  public Future<?> start() {
    client = new RpcClient(vertx);
    introductions = new Introductions(client, registry, registered, figures);
    if (!listed.isEmpty()) {
      vertx.setPeriodic(0, INTERVAL_MILLIS, _ -> find());
    }
    return Future.succeededFuture();
  }

  private void find() {
    vertx
        .executeBlocking(this::endpoints, false)
        .onSuccess(
            endpoints -> {
              Set<String> known =
                  registry.agents().stream()
                      .filter(agent -> registry.health(agent) == Registry.Health.HEALTHY)
                      .map(Registry.Agent::endpoint)
                      .collect(Collectors.toSet());
              List<String> unknown =
                  endpoints.stream().filter(each -> !known.contains(each)).toList();
              Set<String> failed = new TreeSet<>();
              List<Future<Void>> asked = new ArrayList<>();
              unknown.forEach(endpoint -> asked.add(ask(endpoint, failed)));
              Future.join(asked).onComplete(_ -> silent = failed);
            });
  }

  private List<String> endpoints() {
    List<String> endpoints = new ArrayList<>();
    for (Address address : listed) {
      try {
        for (InetAddress each : InetAddress.getAllByName(address.host())) {
          endpoints.add(new Address(each.getHostAddress(), address.port()).toString());
        }
      } catch (UnknownHostException e) {
        LOG.warn("no address of the agent {} is known", address);
      }
    }
    return endpoints;
  }

  private Future<Void> ask(String endpoint, Set<String> failed) {
    return introductions
        .ask(endpoint, DEADLINE)
        .compose(status -> take(endpoint, status))
        .onFailure(
            failure -> {
              failed.add(endpoint);
              if (!silent.contains(endpoint)) {
                LOG.warn("no agent answers at {}: {}", endpoint, failure.getMessage());
              }
            })
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  private Future<String> take(String endpoint, AgentStatus status) {
    RegisterRequest.Builder introduction =
        RegisterRequest.newBuilder()
            .setAgentId(status.getAgentId())
            .setDisplayName(status.getDisplayName())
            .setVersion(status.getVersion())
            .setEbpfCapabilities(status.getCapabilities())
            .setApiEndpoint(endpoint);
    status
        .getProcessesList()
        .forEach(
            process ->
                introduction.addServices(
                    ServiceInfo.newBuilder()
                        .setName(process.getServiceName())
                        .setProcessId(process.getPid())
                        .setBinaryPath(process.getExe())));
    return introductions.register(introduction.build());
  }

  @Override
  public Future<?> stop() {
    return client.close();
  }
}
