package io.coral.agent.api;

import io.coral.agent.discovery.Discovery;
import io.coral.model.CollectorState;
import io.coral.model.ObservedProcess;
import io.coral.rpc.agent.v1.ExplainResponse;
import io.coral.rpc.agent.v1.Explanation;
import io.coral.rpc.mesh.v1.EbpfCapabilities;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// Says of a process whether it is seen and, if not, what stands in the way.
final class Explainer {
  private final Discovery discovery;
  private final EbpfCapabilities capabilities;
  private final List<CollectorState> collectors;

  Explainer(Discovery discovery, EbpfCapabilities capabilities, List<CollectorState> collectors) {
    this.discovery = discovery;
    this.capabilities = capabilities;
    this.collectors = collectors;
  }

  /// @param selector a pid, `:port`, or a service name
  ExplainResponse explain(String selector, Map<Integer, ObservedProcess> all) {
    ExplainResponse.Builder response = ExplainResponse.newBuilder().setSelector(selector);
    matching(selector, all).stream()
        .sorted(Comparator.comparingInt(ObservedProcess::processId))
        .forEach(process -> response.addExplanations(explanation(process)));
    return response.build();
  }

  private List<ObservedProcess> matching(String selector, Map<Integer, ObservedProcess> all) {
    String pid = selector.startsWith("pid:") ? selector.substring(4) : selector;
    if (pid.matches("\\d{1,9}")) {
      ObservedProcess process = all.get(Integer.parseInt(pid));
      return process == null ? List.of() : List.of(process);
    }
    if (selector.matches(":\\d{1,5}")) {
      int port = Integer.parseInt(selector.substring(1));
      return all.values().stream().filter(process -> process.ports().contains(port)).toList();
    }
    List<ObservedProcess> named =
        discovery.observed().stream()
            .filter(process -> process.service().name().equals(selector))
            .toList();
    return named.isEmpty()
        ? all.values().stream().filter(process -> process.exeName().equals(selector)).toList()
        : named;
  }

  private Explanation explanation(ObservedProcess process) {
    int pid = process.processId();
    ObservedProcess observed =
        discovery.observed().stream()
            .filter(each -> each.processId() == pid)
            .findFirst()
            .orElse(process);
    Explanation.Builder explanation =
        Explanation.newBuilder()
            .setPid(pid)
            .setExe(process.exe())
            .setCommand(program(process))
            .addAllPorts(process.ports())
            .setTier(capabilities.getTier());
    String refusal = discovery.refusal(pid);
    if (!refusal.isEmpty()) {
      return explanation.setVerdict("refused").addNotes(refusal).build();
    }
    if (collectors.stream().noneMatch(each -> each.state().equals(CollectorState.OK))) {
      collectors.forEach(
          each ->
              explanation.addNotes(
                  "nothing is captured on this host by "
                      + each.name()
                      + ", which is "
                      + each.state()
                      + (each.reason().isEmpty() ? "" : ": " + each.reason())));
    }
    if (observed.selectedBy().isEmpty()) {
      explanation.setVerdict("not_selected");
      if (process.ports().isEmpty()) {
        explanation.addNotes("no rule selects it; to observe it: coral connect pid:" + pid);
      } else {
        int port = process.ports().getFirst();
        explanation.addNotes("no rule selects it; to observe it: coral connect NAME=:" + port);
      }
      return explanation.build();
    }
    long[] seen = discovery.seen(pid);
    explanation
        .setServiceName(observed.service().name())
        .setNameSource(observed.service().source())
        .setSelectedBy(observed.selectedBy())
        .setExchanges(seen[0])
        .setLastExchangeUnixNanos(seen[1])
        .setVerdict(seen[0] == 0 ? "no_traffic" : "seen");
    if (seen[0] == 0) {
      explanation.addNotes(
          "no HTTP/1 exchange has ended since it is observed; encrypted traffic, HTTP/2 and other"
              + " protocols are not decoded yet");
    }
    return explanation.build();
  }

  /// The program without its arguments, which may hold secrets.
  private static String program(ObservedProcess process) {
    int space = process.command().indexOf(' ');
    return space < 0 ? process.command() : process.command().substring(0, space);
  }
}
