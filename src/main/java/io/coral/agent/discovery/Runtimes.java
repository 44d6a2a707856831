package io.coral.agent.discovery;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Tells what a process is written in from its executable, and for Go where `g` holds the goroutine
/// id.
final class Runtimes {
  private static final byte[] ELF_MAGIC = {0x7f, 'E', 'L', 'F'};
  private static final String BUILD_INFO_MAGIC = "\u00ff Go buildinf:";
  private static final Pattern VERSION = Pattern.compile("go1\\.(\\d+)");
  private static final int MAX_SECTIONS = 128;

  private Runtimes() {}

  /// @param name `go`, `java`, `python`, `node` or `native`
  /// @param goroutineIdOffset 0 = not Go, or a version whose layout is not known
  record Detected(String name, int goroutineIdOffset) {}

  static Detected of(Path executable, String exe) {
    String name = exe.substring(exe.lastIndexOf('/') + 1);
    if (name.equals("java")) {
      return new Detected("java", 0);
    }
    if (name.startsWith("python") || name.startsWith("pypy")) {
      return new Detected("python", 0);
    }
    if (name.equals("node") || name.equals("nodejs")) {
      return new Detected("node", 0);
    }
    String version = goVersion(executable);
    Matcher matcher = VERSION.matcher(version);
    return matcher.find()
        ? new Detected("go", goroutineIdOffset(Integer.parseInt(matcher.group(1))))
        : new Detected("native", 0);
  }

  /// Offset of `goid` in runtime.g on 64-bit machines, from the declaration in runtime/runtime2.go:
  /// 1.23 added `syscallbp` before it, 1.25 took `gobuf.ret` away.
  private static int goroutineIdOffset(int minor) {
    if (minor < 17) {
      return 0;
    }
    return minor == 23 || minor == 24 ? 160 : 152;
  }

  /// The version string of the section `.go.buildinfo`, empty when there is none. Reads a few
  /// kilobytes.
  private static String goVersion(Path executable) {
    try (RandomAccessFile file = new RandomAccessFile(executable.toFile(), "r")) {
      ByteBuffer header = read(file, 0, 64);
      for (int i = 0; i < ELF_MAGIC.length; i++) {
        if (header.get(i) != ELF_MAGIC[i]) {
          return "";
        }
      }
      // ELF-64: e_shoff at 40, e_shentsize at 58, e_shnum at 60, e_shstrndx at 62.
      long sections = header.getLong(40);
      int entrySize = header.getShort(58) & 0xffff;
      int count = Math.min(header.getShort(60) & 0xffff, MAX_SECTIONS);
      int names = header.getShort(62) & 0xffff;
      if (sections == 0 || entrySize < 64 || names >= count) {
        return "";
      }
      ByteBuffer table = read(file, sections, entrySize * count);
      long namesOffset = table.getLong(names * entrySize + 24);
      int namesSize = (int) Math.min(table.getLong(names * entrySize + 32), 1 << 16);
      ByteBuffer nameBytes = read(file, namesOffset, namesSize);
      for (int i = 0; i < count; i++) {
        int at = table.getInt(i * entrySize);
        if (at >= 0 && startsWith(nameBytes, at, ".go.buildinfo\0")) {
          int size = (int) Math.min(table.getLong(i * entrySize + 32), 4096);
          return version(read(file, table.getLong(i * entrySize + 24), size));
        }
      }
      return "";
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

  private static ByteBuffer read(RandomAccessFile file, long at, int length) throws IOException {
    byte[] bytes = new byte[length];
    file.seek(at);
    file.readFully(bytes);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
