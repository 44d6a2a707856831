package io.coral.launch;

import io.coral.agent.kernel.KernelSupport;
import io.coral.cli.DoctorProbe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What `coral doctor` finds: the kernel, the user's rights, and the parts of the jar.
public final class Doctor implements DoctorProbe {
  private final Path nativeDirectory;

  public Doctor(Path nativeDirectory) {
    this.nativeDirectory = nativeDirectory;
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
    checks.add(
        new Check(
            "not captured yet",
            Status.LIMITED,
            "HTTP/2, gRPC, SQL, Redis, Kafka and encrypted traffic",
            ""));
    return checks;
  }
}
