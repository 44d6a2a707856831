package io.coral.agent.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What this kernel and this user allow, found by looking, not by comparing versions.
///
/// @param tier the best tier that can be used, empty = none
/// @param findings one per condition, in the order in which they matter
public record KernelSupport(
    Optional<KernelTier> tier, String kernelVersion, List<Finding> findings) {
  private static final long CAP_SYS_ADMIN = 1L << 21;
  private static final long CAP_PERFMON = 1L << 38;
  private static final long CAP_BPF = 1L << 39;

  /// Where the kernel's BTF is expected; a property, so that its absence can be tried.
  private static final String BTF_PROPERTY = "coral.kernel.btf";

  /// One condition.
  ///
  /// @param name `privileges`, `btf`, `native library`, or a tracepoint
  /// @param advice what to do about it, empty when it holds
  public record Finding(String name, boolean holds, String text, String advice) {}

  public KernelSupport {
    findings = List.copyOf(findings);
  }

  /// Looks. Takes about 100 ms at the first call, for the library.
  public static KernelSupport probe(Path nativeDirectory) {
    List<Finding> findings = new ArrayList<>();
    String version = System.getProperty("os.version", "unknown");
    boolean privileged = privileges(findings);
    boolean btf = btf(findings);
    boolean library = library(nativeDirectory, findings);
    KernelTier best = null;
    if (library && btf) {
      for (KernelTier tier : KernelTier.values()) {
        boolean all = true;
        for (String tracepoint : tier.tracepoints()) {
          boolean there = CoralLibrary.coral_has_tracepoint(tracepoint) == 1;
          all &= there;
          findings.add(
              new Finding(
                  "tracepoint " + tracepoint,
                  there,
                  there ? "present" : "absent in this kernel",
                  there ? "" : "tier " + tier + " needs it (Linux 6.16 or later has all of them)"));
        }
        if (all && best == null) {
          best = tier;
        }
      }
    }
    return new KernelSupport(
        privileged ? Optional.ofNullable(best) : Optional.empty(), version, findings);
  }

  /// The first condition that does not hold, as a sentence; empty when all do.
  public String obstacle() {
    return findings.stream()
        .filter(finding -> !finding.holds())
        .findFirst()
        .map(finding -> finding.name() + ": " + finding.text())
        .orElse("");
  }

  /// Whether what is missing are the user's rights.
  public boolean lacksPrivileges() {
    return findings.stream()
        .anyMatch(finding -> finding.name().equals("privileges") && !finding.holds());
  }

  private static boolean privileges(List<Finding> findings) {
    long effective = 0;
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("CapEff:")) {
          effective = Long.parseUnsignedLong(line.substring(7).strip(), 16);
        }
      }
    } catch (IOException e) {
      effective = 0;
    }
    boolean enough =
        (effective & CAP_SYS_ADMIN) != 0
            || ((effective & CAP_BPF) != 0 && (effective & CAP_PERFMON) != 0);
    findings.add(
        new Finding(
            "privileges",
            enough,
            enough ? "CAP_BPF and CAP_PERFMON, or root" : "this user may not load BPF programs",
            enough
                ? ""
                : "start the agent as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE"));
    return enough;
  }

  private static boolean btf(List<Finding> findings) {
    String file = System.getProperty(BTF_PROPERTY, "/sys/kernel/btf/vmlinux");
    boolean there = Files.isReadable(Path.of(file));
    findings.add(
        new Finding(
            "btf",
            there,
            there ? file : file + " is not there: the kernel has no type information",
            there ? "" : "use a kernel built with CONFIG_DEBUG_INFO_BTF=y"));
    return there;
  }

  private static boolean library(Path nativeDirectory, List<Finding> findings) {
    try {
      CoralLibrary.load(nativeDirectory);
      findings.add(new Finding("native library", true, "libcoral.so", ""));
      return true;
    } catch (KernelException e) {
      findings.add(
          new Finding(
              "native library",
              false,
              String.valueOf(e.getMessage()),
              "rebuild with ./coral build"));
      return false;
    }
  }
}
