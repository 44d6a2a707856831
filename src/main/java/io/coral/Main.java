package io.coral;

import io.coral.cli.CoralCommand;
import io.coral.launch.Doctor;
import io.coral.launch.NativeParts;
import io.coral.launch.RoleServers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;

/// The one entry point of the jar: a command line in front of agents and colonies.
///
/// Read on at [io.coral.agent.AgentVerticle] or [io.coral.colony.ColonyVerticle], the wiring of the
/// roles.
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    Map<String, String> environment = System.getenv();
    String implementation = Main.class.getPackage().getImplementationVersion();
    String version = implementation == null ? "development" : implementation;
    Path nativeDirectory = NativeParts.directory(environment, version);
    Clock clock = Clock.system(ZoneId.systemDefault());
    int exitCode =
        CoralCommand.execute(
            args,
            System.out,
            System.err,
            environment,
            clock,
            new RoleServers(environment, nativeDirectory, List.of(args), version, clock),
            new Doctor(nativeDirectory, environment));
    System.exit(exitCode);
  }
}
