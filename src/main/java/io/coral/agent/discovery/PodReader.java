package io.coral.agent.discovery;

import io.coral.model.KubernetesPod;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads what a process tells of its Kubernetes pod, without asking the cluster: its environment,
/// its service account, and the labels where the downward API puts them by convention
/// (`/etc/podinfo/labels`). Blocks.
///
/// The files belong to the process, which may have put anything there: only regular files are
/// opened, and only their beginning is read.
final class PodReader {
  private static final int MAX_BYTES = 64 << 10;
  private static final String ACCOUNT = "secrets/kubernetes.io/serviceaccount/namespace";

  private final Path proc;

  PodReader(Path proc) {
    this.proc = proc;
  }

  /// @param environment with `POD_NAME`, `POD_NAMESPACE` and `HOSTNAME` if the process has them
  KubernetesPod read(int pid, Map<String, String> environment, List<String> controlGroups) {
    Path root = proc.resolve(pid + "/root");
    String namespace = environment.getOrDefault("POD_NAMESPACE", "");
    if (namespace.isEmpty()) {
      namespace = namespace(root);
    }
    Map<String, String> labels = labels(text(root.resolve("etc/podinfo/labels")));
    // A pod's name is its host name; on a machine without Kubernetes HOSTNAME is the machine's.
    boolean inPod =
        !namespace.isEmpty() || controlGroups.stream().anyMatch(line -> line.contains("kubepods"));
    String name = environment.getOrDefault("POD_NAME", "");
    if (name.isEmpty() && inPod) {
      name = environment.getOrDefault("HOSTNAME", "");
      if (name.isEmpty()) {
        name = text(root.resolve("etc/hostname")).strip();
      }
    }
    return new KubernetesPod(name, namespace, labels);
  }

  /// `/var/run` is often a link to `/run`, which would lead to this process's own root.
  private static String namespace(Path root) {
    String namespace = text(root.resolve("run").resolve(ACCOUNT)).strip();
    return namespace.isEmpty() && !Files.isSymbolicLink(root.resolve("var/run"))
        ? text(root.resolve("var/run").resolve(ACCOUNT)).strip()
        : namespace;
  }

  private static String text(Path file) {
    if (!Files.isRegularFile(file)) {
      return "";
    }
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_BYTES), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }

  /// Lines of the downward API: `app="payments"`.
  private static Map<String, String> labels(String text) {
    Map<String, String> labels = new HashMap<>();
    text.lines()
        .forEach(
            line -> {
              int equals = line.indexOf('=');
              if (equals > 0) {
                String value = line.substring(equals + 1).strip();
                boolean quoted =
                    value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
                labels.put(
                    line.substring(0, equals).strip(),
                    quoted ? value.substring(1, value.length() - 1) : value);
              }
            });
    return labels;
  }
}
