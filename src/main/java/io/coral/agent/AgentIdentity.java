package io.coral.agent;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/// Who an agent is: an id that lives in its data directory, and what people read.
///
/// @param id a UUID
/// @param displayName host name and four hexadecimal digits of the id
public record AgentIdentity(String id, String displayName) {
  /// Reads the identity, or makes one at the first start.
  ///
  /// @throws IOException when the directory cannot be written
  public static AgentIdentity load(Path directory) throws IOException {
    Path file = directory.resolve("agent-id");
    String id = Files.exists(file) ? Files.readString(file).strip() : "";
    if (!id.matches("[0-9a-f-]{36}")) {
      id = UUID.randomUUID().toString();
      Files.createDirectories(directory);
      Files.writeString(file, id + "\n");
    }
    return new AgentIdentity(id, hostName() + "-" + id.substring(0, 4));
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }
}
