package io.coral.agent.beyla;

import io.coral.config.BeylaConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The Beyla or OBI of this host. It is looked for, never downloaded.
///
/// @param path empty = there is none
/// @param obstacle why it cannot run here, one line; empty = nothing is known to stand against it
public record BeylaBinary(String path, String obstacle) {
  private static final List<String> NAMES = List.of("beyla", "obi");
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*");

  /// From 5.8 on, Beyla's own requirement; older kernels of some distributions carry what it needs,
  /// which is not known from their version.
  private static final int MIN_MAJOR = 5;

  private static final int MIN_MINOR = 8;

  /// What of this host matters.
  ///
  /// @param searchPath directories, as in the variable `PATH`
  /// @param kernelVersion as `uname -r` tells it
  /// @param privileged whether this user may load BPF programs
  public record Host(String searchPath, String kernelVersion, boolean privileged) {}

  /// Looks on the disk; blocks.
  public static BeylaBinary find(BeylaConfig config, Host host) {
    String configured = config.binary();
    String path = configured.isEmpty() ? onPath(host.searchPath()) : configured;
    if (path.isEmpty()) {
      return new BeylaBinary("", "neither beyla nor obi is on PATH, and beyla.binary is not set");
    }
    Path file = Path.of(path).toAbsolutePath();
    if (!Files.isRegularFile(file)) {
      return new BeylaBinary("", "beyla.binary: " + path + " is no file");
    }
    if (!Files.isExecutable(file)) {
      return new BeylaBinary(file.toString(), path + " is not executable");
    }
    if (!newEnough(host.kernelVersion())) {
      return new BeylaBinary(
          file.toString(), "Linux " + host.kernelVersion() + " is too old, Beyla needs 5.8");
    }
    if (!host.privileged()) {
      return new BeylaBinary(file.toString(), "privileges: this user may not load BPF programs");
    }
    if (config.protocols().isEmpty()) {
      return new BeylaBinary(file.toString(), "every protocol is off in beyla.protocols");
    }
    return new BeylaBinary(file.toString(), "");
  }

  private static String onPath(String searchPath) {
    for (String name : NAMES) {
      for (String directory : searchPath.split(":", -1)) {
        // An empty entry means the working directory, from which nothing is run.
        if (directory.startsWith("/")) {
          Path candidate = Path.of(directory, name);
          if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
            return candidate.toString();
          }
        }
      }
    }
    return "";
  }

  private static boolean newEnough(String kernelVersion) {
    Matcher matcher = VERSION.matcher(kernelVersion);
    if (!matcher.matches()) {
      return true;
    }
    int major = Integer.parseInt(matcher.group(1));
    return major > MIN_MAJOR
        || (major == MIN_MAJOR && Integer.parseInt(matcher.group(2)) >= MIN_MINOR);
  }
}
