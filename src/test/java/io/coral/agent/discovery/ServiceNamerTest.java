package io.coral.agent.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.coral.model.GoLayout;
import io.coral.model.ObservedProcess;
import io.coral.model.ServiceName;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ServiceNamerTest {
  private static ObservedProcess process(String runtime, String exe, String command) {
    return new ObservedProcess(
        9, 1, 1, exe, command, List.of(), runtime, GoLayout.NONE, ServiceName.UNKNOWN, "");
  }

  private static final ObservedProcess NGINX =
      process("native", "/usr/sbin/nginx", "nginx: worker process");

  @Test
  void name_isTheFirstThatIsThere() {
    Map<String, String> otel = Map.of("OTEL_RESOURCE_ATTRIBUTES", "a=b, service.name = shop ,c=d");
    List<String> unit = List.of("0::/system.slice/web.service");
    assertThat(ServiceNamer.name(NGINX, "mine", otel, unit))
        .isEqualTo(new ServiceName("mine", "configured"));
    assertThat(ServiceNamer.name(NGINX, "", otel, unit))
        .isEqualTo(new ServiceName("shop", "environment"));
    assertThat(ServiceNamer.name(NGINX, "", Map.of("OTEL_SERVICE_NAME", "s"), unit))
        .isEqualTo(new ServiceName("s", "environment"));
    assertThat(ServiceNamer.name(NGINX, "", Map.of(), unit))
        .isEqualTo(new ServiceName("web", "systemd"));
    assertThat(ServiceNamer.name(NGINX, "", Map.of(), List.of("0::/docker/" + "ab".repeat(32))))
        .isEqualTo(new ServiceName("nginx-abababababab", "container"));
    assertThat(ServiceNamer.name(NGINX, "", Map.of(), List.of("0::/user.slice/ssh.service")))
        .isEqualTo(new ServiceName("nginx", "executable"));
  }

  @ParameterizedTest
  @CsvSource({
    "java,/usr/bin/java,java -Xmx1g -jar /srv/shop.jar --port 1,shop",
    "java,/usr/bin/java,java -cp a:b com.acme.Checkout x,Checkout",
    "python,/usr/bin/python3.11,python3 -u /srv/app.py,app",
    "python,/usr/bin/python3.11,python3 -m gunicorn app,gunicorn",
    "python,/usr/bin/python3.11,python3 -c print(1),python3.11",
    "node,/usr/bin/node,node --inspect server.js,server",
    "go,/srv/checkout (deleted),./checkout,checkout",
  })
  void program_ofAnInterpreter_isWhatItRuns(
      String runtime, String exe, String command, String name) {
    assertThat(ServiceNamer.name(process(runtime, exe, command), "", Map.of(), List.of()).name())
        .isEqualTo(name);
  }
}
