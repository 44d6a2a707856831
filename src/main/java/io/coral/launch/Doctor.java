package io.coral.launch;

import io.coral.agent.beyla.BeylaBinary;
import io.coral.agent.beyla.EngineChoice;
import io.coral.agent.kernel.KernelSupport;
import io.coral.cli.DoctorProbe;
import io.coral.cli.StartFailure;
import io.coral.cli.StartOptions;
import io.coral.config.BeylaConfig;
import io.coral.config.Engine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What `coral doctor` finds: the kernel, the user's rights, and the parts of the jar.
public final class Doctor implements DoctorProbe {
  private static final String BEYLA = "beyla";
  private static final StartOptions NO_FLAGS =
      new StartOptions(null, null, List.of(), null, null, null, null, null, false);

  private final Path nativeDirectory;
  private final Map<String, String> environment;

  /// @param environment of this process
  public Doctor(Path nativeDirectory, Map<String, String> environment) {
    this.nativeDirectory = nativeDirectory;
    this.environment = Map.copyOf(environment);
  }

  @Override
  public List<Check> run() {
    List<Check> checks = new ArrayList<>();
    checks.add(
        new Check(
            "java",
            Status.OK,
            System.getProperty("java.version") + " in " + System.getProperty("java.home"),
            ""));
    try {
      NativeParts.unpack(nativeDirectory);
    } catch (IOException e) {
      checks.add(
          new Check(
              "native parts",
              Status.MISSING,
              String.valueOf(e.getMessage()),
              "give XDG_CACHE_HOME a directory that can be written"));
      return checks;
    }
    KernelSupport support = KernelSupport.probe(nativeDirectory);
    checks.add(new Check("kernel", Status.OK, "Linux " + support.kernelVersion(), ""));
    for (KernelSupport.Finding finding : support.findings()) {
      checks.add(
          new Check(
              finding.name(),
              finding.holds() ? Status.OK : Status.MISSING,
              finding.text(),
              finding.advice()));
    }
    checks.add(
        support
            .tier()
            .map(tier -> new Check("capture", Status.OK, "HTTP/1 with tier " + tier, ""))
            .orElse(
                new Check(
                    "capture",
                    Status.MISSING,
                    "nothing can be captured here",
                    "see the first missing condition above")));
    checks.add(beyla(support));
    checks.add(
        new Check(
            "not captured yet",
            Status.LIMITED,
            "HTTP/2, gRPC, SQL, Redis, Kafka and encrypted traffic",
            ""));
    return checks;
  }

  /// One line on Beyla, with the configuration that an agent would find here.
  private Check beyla(KernelSupport support) {
    BeylaConfig config;
    try {
      config = new Settings(NO_FLAGS, environment).agent().beyla();
    } catch (StartFailure e) {
      return new Check(BEYLA, Status.LIMITED, e.why(), "correct the agent's configuration");
    }
    BeylaBinary binary =
        BeylaBinary.find(
            config,
            new BeylaBinary.Host(
                environment.getOrDefault("PATH", ""),
                support.kernelVersion(),
                !support.lacksPrivileges()));
    boolean own = support.tier().isPresent();
    EngineChoice choice = EngineChoice.of(config, own ? "" : support.obstacle(), binary);
    return switch (choice.observer()) {
      case BEYLA -> new Check(BEYLA, Status.OK, "observes, with " + binary.path(), "");
      case CORAL ->
          new Check(
              BEYLA,
              config.engine() == Engine.BEYLA ? Status.LIMITED : Status.OK,
              binary.obstacle().isEmpty()
                  ? binary.path() + " is not needed: Coral's own capture observes"
                  : "cannot run: " + binary.obstacle() + "; Coral's own capture takes its place",
              "");
      case NONE ->
          new Check(
              BEYLA,
              Status.LIMITED,
              binary.obstacle().isEmpty() ? choice.reason() : "cannot run: " + binary.obstacle(),
              "");
    };
  }
}
