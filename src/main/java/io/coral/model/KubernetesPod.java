package io.coral.model;

import java.util.Map;

/// What a process tells of the Kubernetes pod that it runs in.
///
/// @param name empty = in no pod, or not told
/// @param namespace empty = not told
/// @param labels empty = not told
public record KubernetesPod(String name, String namespace, Map<String, String> labels) {
  public static final KubernetesPod NONE = new KubernetesPod("", "", Map.of());

  public KubernetesPod {
    labels = Map.copyOf(labels);
  }
}
