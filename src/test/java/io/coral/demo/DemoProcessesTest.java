package io.coral.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DemoProcessesTest {
  @Test
  void services_underLoad_countWhatThePlanSays() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<DemoProcesses.Service> services;
    try (DemoProcesses processes =
        DemoProcesses.start(java, System.getProperty("java.class.path"))) {
      services = processes.services();
      DemoLoad load = new DemoLoad(processes.service(DemoPlan.FRONTEND).port());
      DemoLoad.Result result = load.send(0, 211);
      assertThat(result.sent()).isEqualTo(211);
      assertThat(CountDifference.between(DemoPlan.counts(0, 211), result.counts())).isEmpty();
      assertThat(CountDifference.between(result.counts(), processes.counts())).isEmpty();
    }
    assertThat(services)
        .hasSize(4)
        .noneMatch(
            service -> ProcessHandle.of(service.pid()).map(ProcessHandle::isAlive).orElse(false));
  }
}
