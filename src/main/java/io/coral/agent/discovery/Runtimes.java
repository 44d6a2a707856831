package io.coral.agent.discovery;

import io.coral.agent.discovery.ElfFile.Section;
import io.coral.model.GoLayout;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tells what a process is written in from its executable, and for Go what the kernel side must
/// know to tell its goroutines.
final class Runtimes {
  private static final String BUILD_INFO_MAGIC = "\u00ff Go buildinf:";
  private static final Pattern VERSION = Pattern.compile("go1\\.(\\d+)");
  private static final Set<String> PROXIES = Set.of("nginx", "haproxy", "envoy");
  private static final List<String> PROBED =
      List.of("net/http.(*persistConn).roundTrip", "net/http.(*Request).write");

  private Runtimes() {}

  /// @param name `go`, `java`, `python`, `node`, `proxy` or `native`
  record Detected(String name, GoLayout go) {
    private Detected(String name) {
      this(name, GoLayout.NONE);
    }
  }

  static Detected of(Path executable, String exe) {
    String name = exe.substring(exe.lastIndexOf('/') + 1);
    if (name.equals("java")) {
      return new Detected("java");
    }
    if (name.startsWith("python") || name.startsWith("pypy")) {
      return new Detected("python");
    }
    if (name.equals("node") || name.equals("nodejs")) {
      return new Detected("node");
    }
    if (PROXIES.contains(name)) {
      return new Detected("proxy");
    }
    Matcher matcher = VERSION.matcher(goVersion(executable));
    return matcher.find()
        ? new Detected("go", layout(Integer.parseInt(matcher.group(1))))
        : new Detected("native");
  }

  /// Offsets in runtime.g on 64-bit machines, from the declaration in runtime/runtime2.go: 1.23
  /// added `syscallbp` before `goid`, 1.25 took `gobuf.ret` away. `parentGoid` came with 1.21;
  /// before it, 1.24 added `fipsIndicator`, which fits a gap, and 1.26 five bytes and `secret`.
  private static GoLayout layout(int minor) {
    int goroutineId = minor < 17 ? 0 : minor == 23 || minor == 24 ? 160 : 152;
    int parentId =
        switch (minor) {
          case 21, 22, 25 -> 272;
          case 23, 24, 26 -> 280;
          default -> 0;
        };
    return new GoLayout(goroutineId, parentId, 0, 0);
  }

  /// The layout with the places to probe. Looks through the function table of the executable, which
  /// is worth it for a process that is observed.
  static GoLayout withProbes(GoLayout layout, Path executable) {
    if (layout.goroutineIdOffset() == 0) {
      return layout;
    }
    List<Long> offsets = GoBinary.probeOffsets(executable, PROBED);
    return offsets.isEmpty()
        ? layout
        : new GoLayout(
            layout.goroutineIdOffset(), layout.parentIdOffset(), offsets.get(0), offsets.get(1));
  }

  /// The version string of the section `.go.buildinfo`, empty when there is none. Reads a few
  /// kilobytes.
  private static String goVersion(Path executable) {
    try (ElfFile elf = ElfFile.open(executable)) {
      Section section = elf.section(".go.buildinfo");
      return section == null
          ? ""
          : version(elf.read(section.offset(), (int) Math.min(section.size(), 4096)));
    } catch (IOException | RuntimeException e) {
      return "";
    }
  }

  /// debug/buildinfo: magic, pointer size, flags; with flag 2 the version follows inline at 32.
  private static String version(ByteBuffer section) {
    if (section.capacity() < 34 || !startsWith(section, 0, BUILD_INFO_MAGIC)) {
      return "";
    }
    if ((section.get(15) & 2) == 0) {
      return "go1.17";
    }
    int length = section.get(32) & 0x7f;
    byte[] version = new byte[Math.min(length, section.capacity() - 33)];
    section.get(33, version);
    return new String(version, StandardCharsets.ISO_8859_1);
  }

  private static boolean startsWith(ByteBuffer buffer, int at, String text) {
    if (at + text.length() > buffer.capacity()) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      if ((buffer.get(at + i) & 0xff) != text.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
