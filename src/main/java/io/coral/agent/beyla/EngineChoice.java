package io.coral.agent.beyla;

import io.coral.config.BeylaConfig;

/// Who observes on this host. Never both, so that no request is counted twice.
///
/// @param reason why it is not what was asked for, or why nobody observes; empty otherwise
public record EngineChoice(Observer observer, String reason) {

  /// Who it is.
  public enum Observer {
    CORAL,
    BEYLA,
    NONE
  }

  /// @param ownObstacle why Coral's own capture cannot work here, empty = it can
  /// @param beyla what there is of Beyla
  public static EngineChoice of(BeylaConfig config, String ownObstacle, BeylaBinary beyla) {
    if (!config.enabled()) {
      return new EngineChoice(Observer.NONE, "beyla.enabled is false");
    }
    boolean own = ownObstacle.isEmpty();
    boolean child = beyla.obstacle().isEmpty();
    return switch (config.engine()) {
      case CORAL -> own ? coral("") : none(ownObstacle);
      case BEYLA ->
          child
              ? new EngineChoice(Observer.BEYLA, "")
              : own
                  ? coral(
                      "Beyla cannot run: "
                          + beyla.obstacle()
                          + "; Coral's own capture takes its place")
                  : none(both(ownObstacle, beyla));
      case AUTO ->
          own
              ? coral("")
              : child
                  ? new EngineChoice(
                      Observer.BEYLA, "Coral's own capture cannot work here: " + ownObstacle)
                  : none(both(ownObstacle, beyla));
    };
  }

  private static EngineChoice coral(String reason) {
    return new EngineChoice(Observer.CORAL, reason);
  }

  private static EngineChoice none(String reason) {
    return new EngineChoice(Observer.NONE, reason);
  }

  /// Coral's own obstacle stands first: callers look at its beginning for missing rights.
  private static String both(String ownObstacle, BeylaBinary beyla) {
    return ownObstacle + "; Beyla cannot run: " + beyla.obstacle();
  }
}
