package io.coral.agent.api;

import io.coral.agent.discovery.Discovery;
import io.coral.model.ObservedProcess;

/// Processes as messages.
final class Processes {
  private Processes() {}

  static io.coral.rpc.agent.v1.ObservedProcess message(
      ObservedProcess process, Discovery discovery) {
    long[] seen = discovery.seen(process.processId());
    return io.coral.rpc.agent.v1.ObservedProcess.newBuilder()
        .setPid(process.processId())
        .setServiceName(process.selectedBy().isEmpty() ? "" : process.service().name())
        .setNameSource(process.selectedBy().isEmpty() ? "" : process.service().source())
        .setSelectedBy(process.selectedBy())
        .setExe(process.exe())
        .addAllPorts(process.ports())
        .setExchanges(seen[0])
        .setLastExchangeUnixNanos(seen[1])
        .setRuntime(process.runtime())
        .build();
  }
}
