package io.coral.demo;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/// The services of the demo, running. Any thread may close it; the rest belongs to the thread
/// that started it.
public final class DemoProcesses implements AutoCloseable {
  private static final long STOP_SECONDS = 3;

  private final List<Member> members = new ArrayList<>();

  private DemoProcesses() {}

  /// One service.
  ///
  /// @param port where it listens on loopback
  public record Service(String name, long pid, int port) {}

  private record Member(Service service, Process process, BufferedReader in, BufferedWriter out) {}

  /// Starts all services and returns when they listen.
  ///
  /// @param javaCommand the Java launcher
  /// @param classPath with the classes of this package
  /// @throws IOException when one does not come up; none is left running
  public static DemoProcesses start(String javaCommand, String classPath) throws IOException {
    DemoProcesses processes = new DemoProcesses();
    try {
      Map<String, Integer> ports = new LinkedHashMap<>();
      for (String name : DemoPlan.SERVICES) {
        Member member = startOne(javaCommand, classPath, name, ports);
        processes.members.add(member);
        ports.put(name, member.service().port());
      }
      return processes;
    } catch (IOException e) {
      processes.close();
      throw e;
    }
  }

  private static Member startOne(
      String javaCommand, String classPath, String name, Map<String, Integer> ports)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                javaCommand,
                "-Xmx32m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-cp",
                classPath,
                DemoService.class.getName(),
                name));
    ports.forEach((peer, port) -> command.add(peer + "=" + port));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader in = process.inputReader(StandardCharsets.UTF_8);
    String line;
    try {
      line = in.readLine();
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
    if (line == null || !line.startsWith("port=")) {
      process.destroyForcibly();
      throw new IOException(name + " did not start: " + (line == null ? "it ended" : line));
    }
    int port = Integer.parseInt(line.substring("port=".length()));
    return new Member(
        new Service(name, process.pid(), port),
        process,
        in,
        process.outputWriter(StandardCharsets.UTF_8));
  }

  /// In the order of [DemoPlan#SERVICES].
  public List<Service> services() {
    return members.stream().map(Member::service).toList();
  }

  /// @throws IllegalArgumentException for a name that is no service of the demo
  public Service service(String name) {
    return members.stream()
        .map(Member::service)
        .filter(service -> service.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no service '" + name + "'"));
  }

  /// What the services themselves counted.
  public Map<CountKey, Long> counts() throws IOException {
    Map<CountKey, Long> counts = new TreeMap<>();
    for (Member member : members) {
      String name = member.service().name();
      member.out().write("counts\n");
      member.out().flush();
      for (String line = member.in().readLine();
          !"end".equals(line);
          line = member.in().readLine()) {
        if (line == null) {
          throw new IOException(name + " ended");
        }
        String[] words = line.split(" ", -1);
        CountKey key = new CountKey(name, words[1], words[2], Integer.parseInt(words[0]));
        counts.merge(key, Long.parseLong(words[3]), Long::sum);
      }
    }
    return counts;
  }

  /// Ends the services and returns when they are gone. Calling it again does nothing.
  @Override
  public void close() {
    for (Member member : members) {
      try {
        member.out().close();
      } catch (IOException e) {
        // The process is gone already, which is what is wanted.
      }
    }
    for (Member member : members) {
      try {
        if (!member.process().waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
          member.process().destroyForcibly();
        }
      } catch (InterruptedException e) {
        member.process().destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
