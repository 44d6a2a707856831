package io.coral.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class CoralCommandTest {
  private final FakeServer server = new FakeServer();

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void unknownCommand_exits2AndSuggests() {
    CommandLineRun run = CommandLineRun.of("query", "belya");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err().lines()).hasSize(3);
    assertThat(run.err()).contains("beyla");
  }

  @Test
  void unknownOption_exits2() {
    CommandLineRun run = CommandLineRun.of("up", "--obsrve", ":80");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("did you mean --observe");
  }

  @Test
  void noCommand_exits2AndShowsTheWay() {
    CommandLineRun run = CommandLineRun.of();
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("coral demo");
  }

  @Test
  void help_listsTheCommands() {
    CommandLineRun run = CommandLineRun.of("--help");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("up", "demo", "query", "agent", "colony", "doctor", "--ascii");
  }

  @Test
  void groupAlone_exits2AndShowsItsCommands() {
    CommandLineRun run = CommandLineRun.of("agent");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("start", "status");
  }

  @Test
  void badSelector_exits2AndNamesTheForms() {
    CommandLineRun run = CommandLineRun.of("up", "--observe", "8080");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("'8080' is no selector; a port is written ':8080'");
  }

  @Test
  void badTime_exits2() {
    CommandLineRun run = CommandLineRun.of("query", "beyla", "http", "x", "--since", "soon");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("'soon' is no time");
  }

  @Test
  void version_isPrinted() {
    assertThat(CommandLineRun.of("version").out()).startsWith("coral ");
  }

  @Test
  void agentStart_passesItsFlagsAndNullsForTheRest() {
    List<StartOptions> seen = new ArrayList<>();
    CommandLineRun run =
        CommandLineRun.with(
            (role, options) -> {
              assertThat(role).isEqualTo(Servers.Role.AGENT);
              seen.add(options);
              throw new StartFailure("cannot listen", "port 9001 is taken", "--agent-port", 1);
            },
            List::of,
            "agent",
            "start",
            "--observe",
            "shop=:8080",
            "--observe",
            "exe:nginx",
            "--agent-port",
            "0",
            "--colony",
            "10.0.0.1:9000");
    assertThat(seen)
        .containsExactly(
            new StartOptions(
                null,
                null,
                List.of("shop=:8080", "exe:nginx"),
                null,
                0,
                null,
                null,
                "10.0.0.1:9000",
                false));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .isEqualTo(
            """
            coral: cannot listen
              why:  port 9001 is taken
              next: --agent-port
            """);
  }

  @Test
  void up_withoutObserve_listsWhatItCould() {
    server
        .agent("GetStatus", "{\"capabilities\":{\"supported\":true,\"tier\":\"T1\"}}")
        .agent(
            "ListProcesses",
            "{\"processes\":[{\"pid\":812,\"serviceName\":\"shop\",\"exe\":\"java\","
                + "\"ports\":[8080]}]}");
    CommandLineRun run =
        CommandLineRun.with(
            (role, options) -> running("http://" + server.address(), "http://127.0.0.1:9000"),
            List::of,
            "up");
    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .contains("observes  nothing yet")
        .contains("812 | :8080 | java       | coral connect shop=:8080");
    assertThat(run.exitCode()).isZero();
  }

  static Servers.Running running(String agentUrl, String colonyUrl) {
    return new Servers.Running() {
      @Override
      public String agentUrl() {
        return agentUrl;
      }

      @Override
      public String colonyUrl() {
        return colonyUrl;
      }

      @Override
      public void awaitTermination() {}

      @Override
      public void close() {}
    };
  }

  @Test
  void colonyAgents_areATable() {
    server.colony(
        "ListAgents",
        """
        {"agents":[{"agentId":"1","displayName":"web1-ab12","endpoint":"10.0.0.5:9001",
          "version":"0.1.0","status":"healthy","lastSeenUnixNanos":"1767365996000000000",
          "lastPollUnixNanos":"1767365998000000000","rows":"12345",
          "capabilities":{"tier":"T1","kernelVersion":"6.18.5"}},
         {"agentId":"2","displayName":"old1-cd34","endpoint":"10.0.0.6:9001","version":"0.1.0",
          "status":"unhealthy","lastError":"connection refused","limitation":"⚠️ shop: limited"}]}
        """);
    assertThat(CommandLineRun.of("colony", "agents", "--colony", server.address()).out())
        .isEqualTo(
            """
            Agent     | Status    | Tier | Kernel | Last seen | Last poll | Rows  | Endpoint      | Version
            ----------|-----------|------|--------|-----------|-----------|-------|---------------|--------
            web1-ab12 | healthy   | T1   | 6.18.5 | 4s ago    | 2s ago    | 12.3k | 10.0.0.5:9001 | 0.1.0
            old1-cd34 | unhealthy | none |        | never     | never     | 0     | 10.0.0.6:9001 | 0.1.0
            ⚠️ shop: limited
            ! old1-cd34: connection refused
            """);
  }

  @Test
  void agentStatus_showsCollectorsProcessesAndLosses() {
    server.agent(
        "GetStatus",
        """
        {"agentId":"1","displayName":"web1-ab12","version":"0.1.0","kernelVersion":"6.18.5",
         "startedUnixNanos":"1767354480000000000","cpuSeconds":69.12,"residentBytes":"182000000",
         "capabilities":{"supported":true,"tier":"T1"},
         "collectors":[{"name":"http","state":"ok"}],
         "processes":[{"pid":812,"serviceName":"shop","nameSource":"configured",
           "selectedBy":"shop=:8080","exe":"java","ports":[8080],"exchanges":"1204"}],
         "counters":{"ring_dropped":"3","records":"500"}}
        """);
    CommandLineRun run = CommandLineRun.of("agent", "status", "--agent", server.address());
    assertThat(run.out())
        .isEqualTo(
            """
            web1-ab12  up 3h12m  version 0.1.0  colony none
            kernel 6.18.5  tier T1  cpu 0.6% (average)  rss 182MB  lost 3

            Collector | State | Detail
            ----------|-------|-------
            http      | ok    |

            Service | PID | Ports | Exchanges | Selected by | Name from  | Exe
            --------|-----|-------|-----------|-------------|------------|-----
            shop    | 812 | :8080 | 1.2k      | shop=:8080  | configured | java

            Loss         | Count
            -------------|------
            ring_dropped | 3
            """);
    CommandLineRun json =
        CommandLineRun.of("agent", "status", "-o", "json", "--agent", server.address());
    assertThat(
            JsonParser.parseString(json.out())
                .getAsJsonObject()
                .getAsJsonObject("counters")
                .get("records")
                .getAsInt())
        .isEqualTo(500);
  }

  @Test
  void serviceList_isATable() {
    server.colony(
        "ListServices",
        """
        {"services":[{"name":"shop","requests":"2000","errors":"46","p95Ms":180,
          "lastSeenUnixNanos":"1767365998000000000","agents":["web1-ab12"],
          "nameSource":"configured","clientRequests":"10"}]}
        """);
    assertThat(CommandLineRun.of("service", "list", "--colony", server.address()).out())
        .contains("shop    | 2.0k   | 2.3%   | 180ms | 10   | 2s ago    | configured | web1-ab12");
  }

  @Test
  void connect_sendsTheSelectorAndShowsTheProcesses() {
    server.agent(
        "ConnectService",
        "{\"success\":true,\"serviceName\":\"shop\",\"processes\":[{\"pid\":812,"
            + "\"serviceName\":\"shop\",\"exe\":\"java\",\"ports\":[8080]}]}");
    CommandLineRun run = CommandLineRun.of("connect", "shop=:8080", "--agent", server.address());
    assertThat(run.out()).isEqualTo("✓ shop: pid 812 java :8080\n");
    assertThat(server.asked())
        .containsExactly(
            "/coral.agent.v1.AgentService/ConnectService {\"name\":\"shop\",\"port\":8080}");
  }

  @Test
  void explain_saysTheVerdict() {
    server.agent(
        "Explain",
        """
        {"explanations":[{"pid":812,"exe":"java","ports":[8080],"verdict":"seen",
          "serviceName":"shop","nameSource":"configured","exchanges":"1204","tier":"T1",
          "lastExchangeUnixNanos":"1767365998000000000","notes":["client calls are seen too"]}]}
        """);
    assertThat(CommandLineRun.of("explain", ":8080", "--agent", server.address()).out())
        .isEqualTo(
            """
            pid 812  java  :8080
              service shop (name from: configured)
            ✓ seen: 1.2k exchanges, last 2s ago, tier T1
              client calls are seen too
            """);
  }

  @Test
  void explain_withoutAMatch_exits3() {
    server.agent("Explain", "{}");
    assertThat(CommandLineRun.of("explain", "99", "--agent", server.address()).exitCode())
        .isEqualTo(ExitCode.NO_DATA);
  }

  @Test
  void doctor_withoutPrivileges_exits6() {
    DoctorProbe probe =
        () ->
            List.of(
                new DoctorProbe.Check("kernel", DoctorProbe.Status.OK, "6.18.5, BTF", ""),
                new DoctorProbe.Check(
                    "privileges", DoctorProbe.Status.MISSING, "no CAP_BPF", "run as root"));
    CommandLineRun run =
        CommandLineRun.with(
            (role, options) -> {
              throw new StartFailure("", "", "", 1);
            },
            probe,
            "doctor",
            "--ascii");
    assertThat(run.exitCode()).isEqualTo(ExitCode.PERMISSION);
    assertThat(run.out())
        .isEqualTo(
            """
            + kernel      6.18.5, BTF
            x privileges  no CAP_BPF
                          run as root
            """);
  }

  @Test
  void unimplementedMethod_exits1WithItsReason() {
    CommandLineRun run = CommandLineRun.of("colony", "status", "--colony", server.address());
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("not here (unimplemented)");
  }
}
