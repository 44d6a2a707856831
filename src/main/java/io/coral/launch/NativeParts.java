package io.coral.launch;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;

/// The native parts of the jar, unpacked together into one directory per version and left there, so
/// that libraries find their neighbours and a killed process leaves nothing behind.
public final class NativeParts {
  private static final String RESOURCES = "/native/linux-x86_64/";
  private static final List<String> FILES =
      List.of(
          "libcoral.so",
          "libbpf.so.1",
          "libelf.so.1",
          "libz.so.1",
          "coral_t1.bpf.o",
          "libduckdb_java.so",
          "libjnidispatch.so");
  private static final String STAMP = "unpacked-from";

  private NativeParts() {}

  /// Where the parts of this version belong.
  public static Path directory(Map<String, String> environment, String version) {
    String given = System.getProperty("coral.native.dir", "");
    if (!given.isEmpty()) {
      return Path.of(given);
    }
    String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
    Path root =
        cache.isEmpty()
            ? Path.of(environment.getOrDefault("HOME", "/root"), ".cache")
            : Path.of(cache);
    return root.resolve("coral").resolve("native-" + version);
  }

  /// Unpacks what is missing or comes from another jar; a few milliseconds when all is there. Also
  /// tells JNA where its own part is.
  ///
  /// @throws IOException when the directory cannot be written
  public static void unpack(Path directory) throws IOException {
    System.setProperty("jna.boot.library.path", directory.toString());
    System.setProperty("jna.nounpack", "true");
    String stamp = stamp();
    Path stampFile = directory.resolve(STAMP);
    if (Files.exists(stampFile) && Files.readString(stampFile).equals(stamp)) {
      return;
    }
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    for (String file : FILES) {
      unpackOne(directory, file);
    }
    Files.writeString(stampFile, stamp);
  }

  private static void unpackOne(Path directory, String file) throws IOException {
    try (InputStream in = NativeParts.class.getResourceAsStream(RESOURCES + file)) {
      if (in == null) {
        throw new IOException(file + " is not in the jar");
      }
      // A process that has the old file mapped keeps it: the name moves, the bytes stay.
      Path fresh = Files.createTempFile(directory, file, ".part");
      Files.copy(in, fresh, StandardCopyOption.REPLACE_EXISTING);
      Files.move(fresh, directory.resolve(file), StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /// Tells one build from another: the jar's size and time of change.
  private static String stamp() throws IOException {
    try {
      URL location = NativeParts.class.getProtectionDomain().getCodeSource().getLocation();
      Path jar = Path.of(location.toURI());
      return jar + " " + Files.size(jar) + " " + Files.getLastModifiedTime(jar).toMillis();
    } catch (URISyntaxException e) {
      throw new IOException("cannot find the own jar", e);
    }
  }
}
