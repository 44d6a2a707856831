package io.coral.agent.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.config.AgentConfig;
import io.coral.model.GoLayout;
import io.coral.model.KubernetesPod;
import io.coral.model.ObserveRule;
import io.coral.model.ObservedProcess;
import io.coral.model.ServiceName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each key of `beyla.discovery.services[]`, as Coral's own capture reads it.
final class RuleMatcherTest {
  private static final ObservedProcess PROCESS =
      new ObservedProcess(
          4242,
          1,
          7,
          "/opt/shop/bin/payments (deleted)",
          "/opt/shop/bin/payments --role=api --port 8085",
          List.of(8085, 9000),
          "native",
          GoLayout.NONE,
          ServiceName.UNKNOWN,
          "");
  private static final KubernetesPod POD =
      new KubernetesPod("payments-7f4d-x2x", "prod", Map.of("app", "payments", "tier", "back"));

  @TempDir Path directory;

  private static RuleMatcher rule(String yaml) throws Exception {
    return new RuleMatcher(
        AgentConfig.parse("a.yaml", "beyla: {discovery: {services: [" + yaml + "]}}")
            .beyla()
            .rules()
            .getFirst());
  }

  private static boolean selects(String yaml) throws Exception {
    return rule(yaml).selects(PROCESS, () -> POD);
  }

  @Test
  void openPort_selectsWhoListensOnIt() throws Exception {
    assertThat(selects("{open_port: 8085}")).isTrue();
    assertThat(selects("{open_port: 8086}")).isFalse();
  }

  @Test
  void openPorts_selectWhoListensOnOneOfThem() throws Exception {
    assertThat(selects("{open_ports: '80,8080-8089'}")).isTrue();
    assertThat(selects("{open_ports: [80, 9000]}")).isTrue();
    assertThat(selects("{open_ports: '80,8086-8999'}")).isFalse();
  }

  @Test
  void exe_selectsTheFileName() throws Exception {
    assertThat(selects("{exe: payments}")).isTrue();
    assertThat(selects("{exe: payment}")).isFalse();
  }

  @Test
  void exePath_selectsTheWholePath() throws Exception {
    assertThat(selects("{exe_path: '/opt/*/payments'}")).isTrue();
    assertThat(selects("{exe_path: '*/{payments,orders}'}")).isTrue();
    assertThat(selects("{exe_path: '/opt/sho[a-p]/???/payments'}")).isTrue();
    assertThat(selects("{exe_path: 'payments'}")).isFalse();
    assertThat(selects("{exe_path: '/opt/sho[!a-p]/*'}")).isFalse();
  }

  @Test
  void cmdline_selectsWhereTheExpressionOccurs() throws Exception {
    assertThat(selects("{cmdline: '--role[= ](api|web)'}")).isTrue();
    assertThat(selects("{cmdline: '^payments'}")).isFalse();
  }

  @Test
  void cmdline_thatBacktracksWithoutEnd_isGivenUp() throws Exception {
    ObservedProcess hostile =
        new ObservedProcess(
            5,
            1,
            7,
            "/bin/x",
            "a".repeat(5000) + "!",
            List.of(),
            "native",
            GoLayout.NONE,
            ServiceName.UNKNOWN,
            "");
    assertThat(rule("{cmdline: '(a|aa)+$'}").selects(hostile, () -> POD)).isFalse();
  }

  @Test
  void pid_selectsTheProcess() throws Exception {
    assertThat(selects("{pid: 4242}")).isTrue();
    assertThat(selects("{pid: 4243}")).isFalse();
  }

  @Test
  void conditions_ofOneRule_mustAllHold() throws Exception {
    assertThat(selects("{open_port: 8085, exe: payments, k8s_namespace: prod}")).isTrue();
    assertThat(selects("{open_port: 8085, exe: orders}")).isFalse();
  }

  @Test
  void k8sPodName_isAPattern() throws Exception {
    assertThat(selects("{k8s_pod_name: 'payments-*'}")).isTrue();
    assertThat(selects("{k8s_pod_name: 'payments'}")).isFalse();
  }

  @Test
  void k8sNamespace_isThatOfThePod() throws Exception {
    assertThat(selects("{k8s_namespace: prod}")).isTrue();
    assertThat(selects("{k8s_namespace: test}")).isFalse();
  }

  @Test
  void k8sPodLabel_mustBeThereWithItsValue() throws Exception {
    assertThat(selects("{k8s_pod_label: {app: payments, tier: 'b*'}}")).isTrue();
    assertThat(selects("{k8s_pod_label: {app: orders}}")).isFalse();
    assertThat(selects("{k8s_pod_label: {release: '*'}}")).isFalse();
  }

  @Test
  void modeAll_selectsWhoListens_andNobodyElse() {
    RuleMatcher all = new RuleMatcher(ObserveRule.ALL);
    assertThat(all.selects(PROCESS, () -> POD)).isTrue();
    ObservedProcess silent =
        new ObservedProcess(
            5, 1, 7, "/bin/x", "x", List.of(), "native", GoLayout.NONE, ServiceName.UNKNOWN, "");
    assertThat(all.selects(silent, () -> POD)).isFalse();
  }

  @Test
  void pod_isReadFromEnvironmentAccountAndDownwardApi() throws Exception {
    Path root = Files.createDirectories(directory.resolve("77/root"));
    Files.createDirectories(root.resolve("run/secrets/kubernetes.io/serviceaccount"));
    Files.writeString(root.resolve("run/secrets/kubernetes.io/serviceaccount/namespace"), "prod\n");
    Files.createDirectories(root.resolve("etc/podinfo"));
    Files.writeString(root.resolve("etc/podinfo/labels"), "app=\"payments\"\ntier=\"back\"\n");
    Files.writeString(
        directory.resolve("77/environ"), "PATH=/bin\0HOSTNAME=payments-7f4d-x2x\0A=b\0");
    Files.writeString(directory.resolve("77/cgroup"), "0::/kubepods/pod1\n");
    assertThat(new ProcReader(directory).pod(77)).isEqualTo(POD);
  }

  @Test
  void pod_ofAProcessOutsideOfKubernetes_hasNoName() throws Exception {
    Files.createDirectories(directory.resolve("78/root"));
    Files.writeString(directory.resolve("78/environ"), "HOSTNAME=laptop\0");
    Files.writeString(directory.resolve("78/cgroup"), "0::/user.slice\n");
    assertThat(new ProcReader(directory).pod(78)).isEqualTo(KubernetesPod.NONE);
  }
}
