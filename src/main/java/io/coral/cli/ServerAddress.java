package io.coral.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/// Where an agent or a colony answers.
///
/// @param role whose API it is
/// @param url with scheme, without a slash at the end
record ServerAddress(Role role, URI url) {
  static final String DEFAULT_COLONY = "http://127.0.0.1:9000";
  static final String DEFAULT_AGENT = "http://127.0.0.1:9001";

  /// Which service of the wire answers at an address.
  enum Role {
    AGENT("coral.agent.v1.AgentService", "--agent", "coral agent start"),
    COLONY("coral.colony.v1.ColonyService", "--colony", "coral colony start");

    private final String service;
    private final String option;
    private final String startCommand;

    Role(String service, String option, String startCommand) {
      this.service = service;
      this.option = option;
      this.startCommand = startCommand;
    }

    String service() {
      return service;
    }

    String option() {
      return option;
    }

    String startCommand() {
      return startCommand;
    }

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// Reads `http://host:port` or `host:port`.
  static ServerAddress parse(Role role, String text) {
    String whole = text.contains("://") ? text : "http://" + text;
    String trimmed = whole.endsWith("/") ? whole.substring(0, whole.length() - 1) : whole;
    try {
      URI url = new URI(trimmed);
      String scheme = url.getScheme();
      if (url.getHost() != null && ("http".equals(scheme) || "https".equals(scheme))) {
        return new ServerAddress(role, url);
      }
    } catch (URISyntaxException e) {
      // The message below names the text.
    }
    throw CommandFailure.usage(
        "the address of the " + role.label() + " cannot be read",
        "'" + text + "' (expected: HOST:PORT or http://HOST:PORT)");
  }
}
