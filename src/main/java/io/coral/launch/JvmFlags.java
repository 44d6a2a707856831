package io.coral.launch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Makes `java -jar coral.jar ROLE` the same as `./coral ROLE`: a process without the flags that a
/// role needs becomes one that has them, with the same pid.
///
/// DuckDB's driver finds its library only through `java.library.path`, which is fixed when a JVM
/// starts.
final class JvmFlags {
  private static final List<String> FLAGS =
      List.of(
          "-XX:+UseSerialGC",
          "-Xms8m",
          "-Xmx120m",
          "-XX:NewSize=3m",
          "-XX:MaxNewSize=40m",
          "-XX:SurvivorRatio=3",
          "-XX:MaxDirectMemorySize=48m",
          "-XX:MinHeapFreeRatio=10",
          "-XX:MaxHeapFreeRatio=20",
          "-Xss512k",
          "-XX:+UseCompactObjectHeaders",
          "-XX:-UsePerfData",
          "-XX:TrimNativeHeapInterval=5000",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "-Dstdout.encoding=UTF-8",
          "-Dstderr.encoding=UTF-8");

  private JvmFlags() {}

  /// libc, for one call.
  interface LibC extends Library {
    int execv(String path, StringArray arguments);
  }

  /// Returns at once when the flags are there or the classes do not come from a jar.
  ///
  /// @throws IOException when the process cannot become another
  static void ensure(Path nativeDirectory, List<String> arguments) throws IOException {
    if (System.getProperty("java.library.path", "").contains(nativeDirectory.toString())) {
      return;
    }
    Path jar;
    try {
      jar = Path.of(JvmFlags.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException("cannot find the own jar", e);
    }
    if (!Files.isRegularFile(jar)) {
      return;
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command = new ArrayList<>();
    command.add(java);
    command.addAll(FLAGS);
    command.add("-Dcoral.native.dir=" + nativeDirectory);
    command.add("-Djava.library.path=" + nativeDirectory);
    command.add("-jar");
    command.add(jar.toString());
    command.addAll(arguments);
    LibC libc = Native.load("c", LibC.class);
    int result = libc.execv(java, new StringArray(command.toArray(new String[0])));
    throw new IOException(
        "execv of " + java + " failed: " + result + ", errno " + Native.getLastError());
  }
}
