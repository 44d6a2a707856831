package io.coral.agent.discovery;

import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The sections of a 64-bit little-endian ELF file. Whatever the file holds, reading it gives bytes
/// or an IOException.
final class ElfFile implements AutoCloseable {
  static final int X86_64 = 62;

  private static final int MAGIC = 0x464c457f;
  private static final int HEADER_BYTES = 64;
  private static final int SECTION_BYTES = 64;
  private static final int MAX_SECTIONS = 128;
  private static final int MAX_NAME_BYTES = 1 << 16;
  private static final long MAX_MAPPED_BYTES = 512L << 20;

  private final RandomAccessFile file;
  private final Map<String, Section> sections = new HashMap<>();
  private int machine;

  /// @param address of its first byte in the process, before relocation
  /// @param offset of its first byte in the file
  record Section(long address, long offset, long size) {
    boolean holds(long at, long length) {
      return at >= address && at - address <= size - length;
    }
  }

  private ElfFile(RandomAccessFile file) {
    this.file = file;
  }

  static ElfFile open(Path path) throws IOException {
    ElfFile elf = new ElfFile(new RandomAccessFile(path.toFile(), "r"));
    try {
      elf.readSections();
      return elf;
    } catch (IOException | RuntimeException e) {
      elf.close();
      throw e instanceof IOException io ? io : new IOException("not readable as ELF: " + path, e);
    }
  }

  private void readSections() throws IOException {
    ByteBuffer header = read(0, HEADER_BYTES);
    // EI_CLASS at 4 and EI_DATA at 5: 64 bits, little endian.
    if (header.getInt(0) != MAGIC || header.get(4) != 2 || header.get(5) != 1) {
      throw new IOException("no 64-bit little-endian ELF file");
    }
    machine = header.getShort(18) & 0xffff;
    // e_shoff at 40, e_shentsize at 58, e_shnum at 60, e_shstrndx at 62.
    int count = Math.min(header.getShort(60) & 0xffff, MAX_SECTIONS);
    int names = header.getShort(62) & 0xffff;
    if (header.getShort(58) != SECTION_BYTES || names >= count) {
      return;
    }
    ByteBuffer table = read(header.getLong(40), SECTION_BYTES * count);
    Section nameSection = section(table, names);
    ByteBuffer text = read(nameSection.offset, (int) Math.min(nameSection.size, MAX_NAME_BYTES));
    for (int i = 0; i < count; i++) {
      sections.putIfAbsent(name(text, table.getInt(i * SECTION_BYTES)), section(table, i));
    }
  }

  private static Section section(ByteBuffer table, int index) throws IOException {
    int at = index * SECTION_BYTES;
    Section section =
        new Section(table.getLong(at + 16), table.getLong(at + 24), table.getLong(at + 32));
    if (section.offset < 0 || section.size < 0) {
      throw new IOException("section " + index + " lies nowhere");
    }
    return section;
  }

  private static String name(ByteBuffer text, int at) {
    StringBuilder name = new StringBuilder();
    for (int i = at; i >= 0 && i < text.capacity() && text.get(i) != 0; i++) {
      name.append((char) (text.get(i) & 0xff));
    }
    return name.toString();
  }

  int machine() {
    return machine;
  }

  @Nullable Section section(String name) {
    return sections.get(name);
  }

  ByteBuffer read(long offset, int length) throws IOException {
    if (offset < 0 || length < 0 || offset > file.length() - length) {
      throw new EOFException("bytes " + offset + " to " + (offset + length));
    }
    byte[] bytes = new byte[length];
    file.seek(offset);
    file.readFully(bytes);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// The bytes of a section, mapped as long as the arena lives.
  ByteBuffer map(Section section, Arena arena) throws IOException {
    if (section.size > MAX_MAPPED_BYTES || section.offset > file.length() - section.size) {
      throw new EOFException("section of " + section.size + " bytes at " + section.offset);
    }
    return file.getChannel()
        .map(FileChannel.MapMode.READ_ONLY, section.offset, section.size, arena)
        .asByteBuffer()
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
