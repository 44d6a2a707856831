package io.coral.agent.discovery;

import io.coral.agent.discovery.ElfFile.Section;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Finds where functions of a Go executable can be probed, with the function table that the runtime
/// itself needs and that stripping leaves: <https://go.dev/src/internal/abi/symtab.go>,
/// `runtime.pcHeader` and `runtime._func`. Some milliseconds and no memory for a large executable.
final class GoBinary {
  private static final int MAGIC_1_18 = 0xfffffff0;
  private static final int MAGIC_1_20 = 0xfffffff1;
  private static final int HEADER_BYTES = 72;
  private static final int ENTRY_BYTES = 8;
  // runtime.moduledata: a pointer, six slices, findfunctab, minpc, maxpc.
  private static final int MODULE_TEXT = 8 + 6 * 24 + 3 * 8;
  private static final int MAX_PROLOGUE_BYTES = 32;

  private GoBinary() {}

  /// File offsets of the instructions to be probed, one per name; empty when any is missing or
  /// begins in a way that is not known.
  static List<Long> probeOffsets(Path executable, List<String> functions) {
    try (ElfFile elf = ElfFile.open(executable);
        Arena arena = Arena.ofConfined()) {
      Section table = elf.section(".gopclntab");
      Section text = elf.section(".text");
      if (elf.machine() != ElfFile.X86_64 || table == null || text == null) {
        return List.of();
      }
      ByteBuffer pclntab = elf.map(table, arena);
      List<Long> entries = new ArrayList<>();
      for (String function : functions) {
        long entry = entryOffset(pclntab, function);
        if (entry < 0) {
          return List.of();
        }
        entries.add(entry);
      }
      for (long base : textStarts(elf, pclntab, text)) {
        List<Long> offsets = probeOffsets(elf, text, base, entries);
        if (!offsets.isEmpty()) {
          return offsets;
        }
      }
      return List.of();
    } catch (IOException | RuntimeException | InternalError e) {
      // Not a file as the linker makes it, or one that was cut while it was read (InternalError).
      return List.of();
    }
  }

  private static List<Long> probeOffsets(ElfFile elf, Section text, long base, List<Long> entries)
      throws IOException {
    List<Long> offsets = new ArrayList<>();
    for (long entry : entries) {
      long address = base + entry;
      if (!text.holds(address, MAX_PROLOGUE_BYTES)) {
        return List.of();
      }
      long offset = text.offset() + (address - text.address());
      int push = pushOffset(elf.read(offset, MAX_PROLOGUE_BYTES));
      if (push < 0) {
        return List.of();
      }
      offsets.add(offset + push);
    }
    return offsets;
  }

  /// Where the functions' offsets count from. The table told it up to Go 1.25; since 1.26 it is in
  /// the module data, which has a section of its own. Without either, and in executables that are
  /// placed by the loader, the beginning of the code is tried; cgo puts other code there.
  private static List<Long> textStarts(ElfFile elf, ByteBuffer pclntab, Section text)
      throws IOException {
    List<Long> starts = new ArrayList<>();
    starts.add(pclntab.getLong(24));
    Section module = elf.section(".go.module");
    if (module != null && module.size() >= MODULE_TEXT + 8) {
      starts.add(elf.read(module.offset() + MODULE_TEXT, 8).getLong(0));
    }
    starts.add(text.address());
    starts.removeIf(start -> start == 0);
    return starts;
  }

  /// Offset of a function's first instruction from where the code begins, -1 = not there.
  private static long entryOffset(ByteBuffer pclntab, String function) {
    int magic = pclntab.capacity() < HEADER_BYTES ? 0 : pclntab.getInt(0);
    if ((magic != MAGIC_1_18 && magic != MAGIC_1_20) || pclntab.get(7) != 8) {
      return -1;
    }
    // nfunc at 8, textStart 24, funcnameOffset 32, cuOffset 40, pclnOffset 64.
    int names = offset(pclntab, pclntab.getLong(32));
    int namesEnd = offset(pclntab, pclntab.getLong(40));
    int functions = offset(pclntab, pclntab.getLong(64));
    int most = (pclntab.capacity() - functions) / ENTRY_BYTES;
    int count = (int) Math.min(Math.max(pclntab.getLong(8), 0), most);
    int name = nameOffset(pclntab, names, namesEnd, function);
    if (name < 0) {
      return -1;
    }
    for (int i = 0; i < count; i++) {
      int at = functions + i * ENTRY_BYTES;
      // functab: entryoff, funcoff; _func: entryOff, nameOff.
      long details = functions + (pclntab.getInt(at + 4) & 0xffffffffL);
      if (details + 8 <= pclntab.capacity() && pclntab.getInt((int) details + 4) == name) {
        return pclntab.getInt(at) & 0xffffffffL;
      }
    }
    return -1;
  }

  private static int offset(ByteBuffer pclntab, long value) {
    if (value < HEADER_BYTES || value > pclntab.capacity()) {
      throw new IndexOutOfBoundsException("offset " + value + " in the function table");
    }
    return (int) value;
  }

  /// Offset of a name, which ends with a zero, from the beginning of the names; -1 = not there.
  private static int nameOffset(ByteBuffer pclntab, int begin, int end, String name) {
    byte[] wanted = (name + '\0').getBytes(StandardCharsets.UTF_8);
    ByteBuffer names = pclntab.slice(begin, Math.max(0, end - begin));
    ByteBuffer pattern = ByteBuffer.wrap(wanted);
    for (int at = 0; at + wanted.length <= names.capacity(); ) {
      if (names.slice(at, wanted.length).equals(pattern)) {
        return at;
      }
      while (at < names.capacity() && names.get(at) != 0) {
        at++;
      }
      at++;
    }
    return -1;
  }

  /// Offset of the `push %rbp` behind the check of the stack, -1 if the code is another. The kernel
  /// emulates that instruction instead of stepping over it, and the arguments are still in their
  /// registers.
  private static int pushOffset(ByteBuffer code) {
    code.order(ByteOrder.BIG_ENDIAN);
    int at;
    if (code.getInt(0) == 0x493b6610) {
      at = 4; // cmp 0x10(%r14),%rsp
    } else if (code.getInt(0) == 0x4c8d6424 && code.getInt(5) == 0x4d3b6610) {
      at = 9; // lea -disp8(%rsp),%r12; cmp 0x10(%r14),%r12
    } else if (code.getInt(0) == 0x4c8da424 && code.getInt(8) == 0x4d3b6610) {
      at = 12; // lea -disp32(%rsp),%r12; cmp 0x10(%r14),%r12
    } else {
      return -1;
    }
    if (code.get(at) == 0x76) {
      at += 2; // jbe rel8
    } else if (code.getShort(at) == 0x0f86) {
      at += 6; // jbe rel32
    } else {
      return -1;
    }
    return code.get(at) == 0x55 ? at : -1;
  }
}
