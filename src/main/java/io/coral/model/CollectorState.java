package io.coral.model;

/// How one way of collecting fares.
///
/// @param name such as `http` for Coral's own capture, `beyla` for a child process
/// @param state `ok`, `starting`, `degraded`, `failed` or `off`
/// @param reason why it is not `ok`, empty otherwise; one line
public record CollectorState(String name, String state, String reason) {
  public static final String OK = "ok";
  public static final String STARTING = "starting";
  public static final String DEGRADED = "degraded";
  public static final String FAILED = "failed";
  public static final String OFF = "off";
}
